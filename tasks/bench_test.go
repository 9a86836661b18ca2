package tasks_test

import (
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
	"github.com/metaplast/metaplast/tasks/taskstest"
)

func BenchmarkNext(b *testing.B) {
	for _, text := range []string{"pca", "regression", "hetero", "xor", "mnist1d", "glyphs:train=1000,samples=10"} {
		b.Run(text, func(b *testing.B) {
			task := open(b, text)
			e, err := task.Start(key.Root(1))
			if err != nil {
				b.Fatal(err)
			}
			batch := tasks.NewBatch(task.Info(), 1)
			b.ReportAllocs()
			for b.Loop() {
				e.Next(batch)
			}
		})
	}
}

func BenchmarkStart(b *testing.B) {
	for _, text := range []string{"pca", "regression", "glyphs"} {
		b.Run(text, func(b *testing.B) {
			task := open(b, text)
			for b.Loop() {
				if _, err := task.Start(key.Root(1)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, text := range []string{"mnist1d", "glyphs"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				if _, err := open(b, text).Start(key.Root(1)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := taskstest.Data(b)
	for _, text := range []string{"mnist", "mnist:side=14", "mnist:standardize=feature", "fashion-mnist"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				open(b, text, dir)
			}
		})
	}
}
