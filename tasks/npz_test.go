package tasks_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// npy writes format 1 of the .npy format.
func npy(descr, shape string, values []byte) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape)
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
	return append(append(b, head...), values...)
}

func zipped(members map[string][]byte, names ...string) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, n := range names {
		w, _ := z.Create(n + ".npy")
		w.Write(members[n])
	}
	z.Close()
	return buf.Bytes()
}

func floats(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// The files in testdata were written by NumPy 1.24.
func TestNPZFromNumPy(t *testing.T) {
	task := open(t, "npz:testdata/images.npz#standardize=none,val=0")
	if i := task.Info(); i.Kind != tasks.Classification || i.In != 6 || i.Out != 3 || i.Height != 2 || i.Width != 3 || i.TrainSize != 30 || i.TestSize != 9 {
		t.Errorf("%+v", i)
	}
	e, err := task.Start(key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	b := tasks.NewBatch(task.Info(), 30)
	e.Next(b)
	seen := map[int]bool{}
	for r := range b.N {
		// x = (arange(180)·7 mod 251), y = arange(30) mod 3; 7·6·i mod 251 names the sample.
		found := -1
		for i := range 30 {
			ok := true
			for p, v := range b.X.Row(r) {
				ok = ok && v == float32((6*i+p)*7%251)
			}
			if ok {
				found = i
			}
		}
		if found < 0 || b.Labels[r] != found%3 || seen[found] {
			t.Errorf("row %d: %v labelled %d", r, b.X.Row(r), b.Labels[r])
		}
		seen[found] = true
	}
	if i := open(t, "npz:testdata/table.npz").Info(); i.Kind != tasks.Classification || i.In != 4 || i.Out != 4 || i.TestSize != 8 {
		t.Errorf("one-hot: %+v", i)
	}
	if i := open(t, "npz:testdata/values.npz").Info(); i.Kind != tasks.Regression || i.In != 2 || i.Out != 1 {
		t.Errorf("values: %+v", i)
	}
	for file, want := range map[string]string{"pickled.npz": "pickled objects are refused", "fortran.npz": "Fortran order"} {
		if err := openError(t, "npz:testdata/"+file); !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

func TestNPZDamage(t *testing.T) {
	x := npy("<f4", "(4, 2)", floats(1, 2, 3, 4, 5, 6, 7, 8))
	y := npy("|u1", "(4,)", []byte{0, 1, 0, 1})
	both := func(x, y []byte) []byte { return zipped(map[string][]byte{"x": x, "y": y}, "x", "y") }
	if n, err := tasks.DecodeNPZ(both(x, y)); err != nil || n != 4 {
		t.Fatalf("%d samples, %v", n, err)
	}
	format2 := func(b []byte) []byte { // a header length of 4 bytes
		return append(append([]byte("\x93NUMPY\x02\x00"), b[8], b[9], 0, 0), b[10:]...)
	}
	if n, err := tasks.DecodeNPZ(both(format2(x), y)); err != nil || n != 4 {
		t.Fatalf("format 2: %d samples, %v", n, err)
	}
	set := func(b []byte, at int, v byte) []byte {
		b = bytes.Clone(b)
		b[at] = v
		return b
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"no zip", []byte("hello"), "zip"},
		{"truncated zip", both(x, y)[:300], "zip"},
		{"other arrays", zipped(map[string][]byte{"a": x, "y": y}, "a", "y"), "no arrays x and y, or x_train, y_train, x_test and y_test; it has a, y"},
		{"magic", both([]byte("\x93PUMPKIN and more"), y), "magic"},
		{"format 3", both(set(x, 6, 3), y), "format 3 is not known"},
		{"header length", both(set(x, 9, 0xff), y), "ends within the header"},
		{"truncated values", both(x[:len(x)-1], y), "truncated"},
		{"trailing values", both(append(bytes.Clone(x), 0), y), "bytes follow"},
		{"big-endian", both(npy(">f4", "(4, 2)", make([]byte, 32)), y), `type ">f4"`},
		{"complex", both(npy("<c8", "(4, 2)", make([]byte, 64)), y), `type "<c8"`},
		{"negative", both(npy("<f4", "(-4, 2)", nil), y), "shape"},
		{"huge", both(npy("<f4", "(4000000000, 4000000000, 4000000000)", nil), y), "beyond any file"},
		{"large", both(npy("<f4", "(400000000, 2)", nil), y), "more than its file can hold"},
		{"no shape", both(npy("<f4", "()", floats(1)), y), "inputs of shape []"},
		{"no samples", both(npy("<f4", "(0, 2)", nil), y), "inputs of shape [0 2]"},
		{"label count", both(x, npy("|u1", "(3,)", []byte{0, 1, 0})), "labels of shape [3] for 4 samples"},
		{"label NaN", both(x, npy("<f4", "(4,)", floats(0, 1, 0, float32(math.NaN())))), "label 3 is not finite"},
		{"input NaN", both(npy("<f4", "(4, 1)", floats(0, 1, 0, float32(math.Inf(1)))), y), "value 0 of sample 3 is not finite"},
		{"not one-hot", both(x, npy("|u1", "(4, 2)", []byte{1, 0, 0, 1, 1, 1, 0, 1})), "row 2 of the labels is not one-hot"},
		{"nothing hot", both(x, npy("|u1", "(4, 2)", []byte{1, 0, 0, 1, 0, 0, 0, 1})), "row 2 of the labels is not one-hot"},
		{"one class", both(x, npy("|u1", "(4,)", []byte{1, 1, 1, 1})), "nothing to tell apart"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "set.npz")
			if err := os.WriteFile(path, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			err := openError(t, "npz:"+path)
			var data *tasks.DataError
			if !errors.As(err, &data) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%T %v; want %q", err, err, c.want)
			}
		})
	}
	split := func(y, yTest []byte) []byte {
		return zipped(map[string][]byte{"x_train": x, "y_train": y, "x_test": x, "y_test": yTest}, "x_train", "y_train", "x_test", "y_test")
	}
	if _, err := tasks.DecodeNPZ(split(y, npy("|i1", "(4,)", []byte{0, 1, 255, 0}))); err == nil || !strings.Contains(err.Error(), "label -1 of test sample 2 does not occur in training") {
		t.Error(err)
	}
}

func FuzzNPZ(f *testing.F) {
	x := npy("<f4", "(4, 2)", floats(1, 2, 3, 4, 5, 6, 7, 8))
	y := npy("|u1", "(4,)", []byte{0, 1, 0, 1})
	f.Add(x, y)
	f.Add(npy("<i8", "(2, 2, 1)", make([]byte, 32)), npy("|b1", "(2, 2)", []byte{1, 0, 0, 1}))
	f.Add(npy("<f8", "(1000000000, 1000000000)", nil), y)
	f.Fuzz(func(t *testing.T, x, y []byte) {
		n, err := tasks.DecodeNPZ(zipped(map[string][]byte{"x": x, "y": y}, "x", "y"))
		if err == nil && n > len(x) {
			t.Errorf("%d samples from %d bytes", n, len(x))
		}
		tasks.DecodeNPZ(x) // as the zip itself
	})
}
