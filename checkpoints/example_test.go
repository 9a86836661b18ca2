package checkpoints_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/metaplast/metaplast/checkpoints"
)

func Example() {
	root, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)

	m := checkpoints.Manifest{Name: "oja", Seed: 1, Numerics: "a91c", Created: time.Now()}
	m.ID = checkpoints.NewID("digest of the config", m.Seed, 0)
	config := map[string][]byte{checkpoints.ConfigName: []byte("name: oja\n")}
	run, err := checkpoints.Create(filepath.Join(root, m.DirName()), m, config)
	if err != nil {
		log.Fatal(err)
	}
	if err := run.Append("outcome", "rule 1", map[string]float64{"score": 0.5}); err != nil {
		log.Fatal(err)
	}
	if err := run.Close(); err != nil {
		log.Fatal(err)
	}

	dir, err := checkpoints.Find(root, checkpoints.Last)
	if err != nil {
		log.Fatal(err)
	}
	err = checkpoints.Read(dir, func(r checkpoints.Record) error {
		fmt.Printf("%s %q %s\n", r.Kind, r.Key, r.Data)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: outcome "rule 1" {"score":0.5}
}
