package tasks_test

import (
	"fmt"
	"log"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// A neuron with Oja's rule on the task pca, written out by hand.
func Example() {
	spec, err := tasks.ParseSpec("pca:dims=4")
	if err != nil {
		log.Fatal(err)
	}
	task, err := tasks.Open(spec, tasks.DefaultSource("", ""))
	if err != nil {
		log.Fatal(err)
	}
	info := task.Info()
	life, err := task.Start(key.Root(1))
	if err != nil {
		log.Fatal(err)
	}
	unit := neuron{0.5, 0.5, 0.5, 0.5}
	batch := tasks.NewBatch(info, 1)
	before := life.Score(unit, tasks.Validation)
	for range info.Steps {
		life.Next(batch)
		x := batch.X.Row(0)
		y := vec.Dot(x, unit)
		for j := range unit {
			unit[j] += 0.01 * y * (x[j] - y*unit[j])
		}
	}
	after := life.Score(unit, tasks.Validation)
	fmt.Printf("%s: %d inputs, %d samples\n", info.Name, info.In, info.Steps)
	fmt.Printf("found the component: %t before, %t after\n", before.Value > 0.9, after.Value > 0.9)
	// Output:
	// pca:dims=4: 4 inputs, 4000 samples
	// found the component: false before, true after
}

// neuron is the simplest tasks.Model: one linear unit.
type neuron []float32

func (n neuron) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, 1)
	for i := range x.Rows {
		y.Row(i)[0] = vec.Dot(x.Row(i), n)
	}
	return y
}

// Errors say what was meant and what there is.
func ExampleOpen() {
	for _, text := range []string{"mnsit", "mnist:sides=14", "mnist:side=0"} {
		spec, err := tasks.ParseSpec(text)
		if err != nil {
			log.Fatal(err)
		}
		_, err = tasks.Open(spec, tasks.Source{})
		fmt.Println(err)
	}
	// Output:
	// task mnsit: "mnsit" is not a task. Did you mean mnist? Tasks are bandit, csv, decorrelation, emnist, emnist-letters, familiarity, fashion-mnist, glyphs, hetero, idx, kmnist, mnist, mnist1d, npz, outliers, pca, regression, selectivity, xor
	// task mnist:sides=14: "sides" is not an option. Did you mean side? Options of mnist are steps, limit, val, test, standardize, classes, noise, test_noise, label_noise, stream, parts, part_steps, side
	// task mnist:side=0: option side: "0" is not a whole number from 1 to 4096
}
