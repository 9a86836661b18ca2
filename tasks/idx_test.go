package tasks_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
	"github.com/metaplast/metaplast/tasks/taskstest"
)

// idxFile writes the idx format.
func idxFile(kind byte, values []byte, sizes ...uint32) []byte {
	b := []byte{0, 0, kind, byte(len(sizes))}
	for _, s := range sizes {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return append(b, values...)
}

func gzipped(b []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	z.Write(b)
	z.Close()
	return buf.Bytes()
}

// idxSet writes a small set of 3×2 images whose pixels tell sample and place.
func idxSet(t testing.TB, dir string, n, m int, first byte, change map[string]func([]byte) []byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, count := range map[string]int{"train": n, "t10k": m} {
		var pixels, labels []byte
		for i := range count {
			for p := range 6 {
				v := 10*i + p
				if name == "t10k" {
					v += 200
				}
				pixels = append(pixels, byte(v))
			}
			labels = append(labels, first+byte(i%3))
		}
		for file, data := range map[string][]byte{
			name + "-images-idx3-ubyte": idxFile(8, pixels, uint32(count), 3, 2),
			name + "-labels-idx1-ubyte": idxFile(8, labels, uint32(count)),
		} {
			if f := change[file]; f != nil {
				data = f(data)
			}
			if data == nil {
				continue
			}
			if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
				file += ".gz"
			}
			if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// openError opens a task that must fail and returns its message.
func openError(t testing.TB, text string, dirs ...string) error {
	t.Helper()
	spec, err := tasks.ParseSpec(text)
	if err == nil {
		_, err = tasks.Open(spec, tasks.Source{Dirs: dirs})
	}
	if err == nil {
		t.Fatalf("%s opens", text)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the message has more than one line: %v", err)
	}
	return err
}

func TestIDXSet(t *testing.T) {
	for name, change := range map[string]map[string]func([]byte) []byte{
		"plain": nil,
		"gzip":  {"train-images-idx3-ubyte": gzipped, "t10k-labels-idx1-ubyte": gzipped},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			idxSet(t, dir, 20, 6, 0, change)
			task := open(t, "idx:"+dir+"#standardize=none,val=5")
			taskstest.Run(t, task, taskstest.Options{})
			info := task.Info()
			if info.In != 6 || info.Out != 3 || info.Height != 3 || info.Width != 2 || info.TrainSize != 15 || info.ValidationSize != 5 || info.TestSize != 6 {
				t.Errorf("%+v", info)
			}
			e, err := task.Start(key.Root(1))
			if err != nil {
				t.Fatal(err)
			}
			b := tasks.NewBatch(info, 15)
			e.Next(b)
			for i := range b.N {
				x := b.X.Row(i)
				sample := int(x[0]) / 10
				for p, v := range x {
					if v != float32(10*sample+p) {
						t.Fatalf("sample %d is %v", sample, x)
					}
				}
				if b.Labels[i] != sample%3 {
					t.Errorf("sample %d has label %d", sample, b.Labels[i])
				}
			}
		})
	}
}

func TestIDXDamage(t *testing.T) {
	const images, labels, testLabels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }
	set := func(at int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = v; return b }
	}
	then := func(f, g func([]byte) []byte) func([]byte) []byte { return func(b []byte) []byte { return g(f(b)) } }
	for _, c := range []struct {
		name, file string
		change     func([]byte) []byte
		want       string
	}{
		{"truncated", images, cut(1), "truncated"},
		{"truncated header", images, func(b []byte) []byte { return b[:9] }, "ends within the header"},
		{"empty", images, func(b []byte) []byte { return b[:0] }, "ends within the header"},
		{"truncated gzip", images, then(gzipped, cut(9)), "truncated"},
		{"gzip without end", images, then(gzipped, cut(3)), "truncated: the file ends within its checksum"},
		{"gzip checksum", images, then(gzipped, func(b []byte) []byte { b[len(b)-6] ^= 1; return b }), "checksum"},
		{"gzip garbage", images, func([]byte) []byte { return []byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9} }, "not a gzip file"},
		{"trailing", images, func(b []byte) []byte { return append(b, 0) }, "bytes follow the 120 values"},
		{"trailing in gzip", images, func(b []byte) []byte { return gzipped(append(b, 0)) }, "bytes follow"},
		{"magic", images, set(0, 'P'), "magic 50 00 08 03"},
		{"type", images, set(2, 7), "magic"},
		{"no dimensions", images, set(3, 0), "magic"},
		{"huge", images, set(4, 0xff), "the limit is"},
		{"large", images, set(5, 1), "truncated, or its header is wrong"},
		{"beyond", images, func(b []byte) []byte {
			return idxFile(8, nil, math.MaxUint32, math.MaxUint32, math.MaxUint32)
		}, "beyond any file"},
		{"large gzip", images, func([]byte) []byte { return gzipped(idxFile(8, nil, 60000, 28, 28)) }, "cannot hold"},
		{"no samples", images, func([]byte) []byte { return idxFile(8, nil, 0, 3, 2) }, "hold no values"},
		{"one dimension", images, func(b []byte) []byte { return idxFile(8, b[16:], 120) }, "holds no samples"},
		{"not finite", images, func([]byte) []byte { return idxFile(0x0d, []byte{0x7f, 0xc0, 0, 0}, 1, 1) }, "not finite"},
		{"labels missing", labels, func([]byte) []byte { return nil }, "no file train-labels-idx1-ubyte"},
		{"fewer labels", labels, func(b []byte) []byte { return idxFile(8, b[8:len(b)-1], 19) }, "19 labels for 20 images"},
		{"label of no class", testLabels, set(8, 3), "label 3 of sample 0 is outside 0 to 2"},
		{"labels of one class", labels, func([]byte) []byte { return idxFile(8, make([]byte, 20), 20) }, "outside 0 to 0"},
		{"labels with two dimensions", labels, func(b []byte) []byte { return idxFile(8, b[8:], 20, 1) }, "one dimension of unsigned bytes"},
		{"other test images", "t10k-images-idx3-ubyte", func(b []byte) []byte { return idxFile(8, b[16:], 6, 6) }, "sizes [6], but those for training have [3 2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			idxSet(t, dir, 20, 6, 0, map[string]func([]byte) []byte{c.file: c.change})
			err := openError(t, "idx:"+dir)
			var data *tasks.DataError
			if !errors.As(err, &data) {
				t.Fatalf("%T: %v", err, err)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v; want %q and the file", err, c.want)
			}
		})
	}
}

// Types other than bytes, against values written by hand.
func TestIDXTypes(t *testing.T) {
	for _, c := range []struct {
		kind byte
		raw  []byte
		want []float32
	}{
		{0x09, []byte{0xff, 0x7f}, []float32{-1, 127}},
		{0x0b, []byte{0xff, 0xfe, 0x01, 0x00}, []float32{-2, 256}},
		{0x0c, []byte{0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0}, []float32{-3, 65536}},
		{0x0d, []byte{0xbf, 0xc0, 0, 0, 0x40, 0, 0, 0}, []float32{-1.5, 2}},
		{0x0e, []byte{0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0}, []float32{1.5, -2}},
	} {
		got, err := tasks.DecodeIDX(idxFile(c.kind, c.raw, 2, 1))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range c.want {
			if got[i] != v {
				t.Errorf("type %#x: %v, want %v", c.kind, got, c.want)
			}
		}
	}
}

func TestNamedSetLookup(t *testing.T) {
	root := t.TempDir()
	a, b := filepath.Join(root, "a"), filepath.Join(root, "b")
	if err := os.MkdirAll(a, 0o755); err != nil {
		t.Fatal(err)
	}
	err := openError(t, "kmnist", a, b)
	for _, want := range []string{filepath.Join(a, "kmnist") + " (no such folder)", a + ", ", b, "download", "METAPLAST_DATA", "task kmnist"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want it to name %s", err, want)
		}
	}
	idxSet(t, filepath.Join(b, "kmnist"), 20, 6, 0, nil)
	if n := open(t, "kmnist", a, b).Info().TestSize; n != 6 {
		t.Errorf("%d test samples", n)
	}
	idxSet(t, b, 20, 3, 0, nil) // files in the directory itself come second
	if n := open(t, "kmnist", a, b).Info().TestSize; n != 6 {
		t.Errorf("%d test samples", n)
	}
	idxSet(t, a, 20, 5, 0, nil) // earlier directories come first
	if n := open(t, "kmnist", a, b).Info().TestSize; n != 5 {
		t.Errorf("%d test samples", n)
	}
	if err := os.Remove(filepath.Join(a, "train-labels-idx1-ubyte")); err != nil {
		t.Fatal(err)
	}
	if err := openError(t, "kmnist", a); !strings.Contains(err.Error(), a+" (train-labels-idx1-ubyte is missing)") {
		t.Error(err)
	}
}

func TestEMNISTIsTransposed(t *testing.T) {
	dir := t.TempDir()
	idxSet(t, dir, 52, 26, 1, nil)
	for _, part := range []string{"images-idx3-ubyte", "labels-idx1-ubyte"} {
		for from, to := range map[string]string{"train-": "emnist-letters-train-", "t10k-": "emnist-letters-test-"} {
			if err := os.Rename(filepath.Join(dir, from+part), filepath.Join(dir, to+part)); err != nil {
				t.Fatal(err)
			}
		}
	}
	task := open(t, "emnist-letters:standardize=none", dir)
	e, err := task.Start(key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	b := tasks.NewBatch(task.Info(), 1)
	e.Next(b)
	x := b.X.Row(0)
	// Stored as 3 rows of 2; as an image these are 3 columns: 0 2 4 | 1 3 5.
	for i, p := range []float32{0, 2, 4, 1, 3, 5} {
		if x[i]-x[0] != p && x[i]+256-x[0] != p {
			t.Fatalf("image %v", x)
		}
	}
	if info := task.Info(); info.Height != 2 || info.Width != 3 || info.Out != 26 {
		t.Errorf("%+v", info)
	}
}

// Other files under the name of a published set are refused, in whatever form
// they come; the published content is accepted in any form.
func TestChecksums(t *testing.T) {
	dir := t.TempDir()
	idxSet(t, filepath.Join(dir, "mnist"), 20, 6, 0, nil)
	err := openError(t, "mnist", dir)
	if want := "checksum differs from the published file; fetch it again, or read it as it is with idx:" + filepath.Join(dir, "mnist"); !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want %q", err, want)
	}

	data := taskstest.Data(t)
	real := filepath.Join(data, "mnist")
	at := filepath.Join(t.TempDir(), "mnist")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"} {
		if err := os.Symlink(filepath.Join(real, name), filepath.Join(at, name)); err != nil {
			t.Skip(err)
		}
	}
	raw := unzip(t, filepath.Join(real, "t10k-labels-idx1-ubyte.gz"))
	labels := filepath.Join(at, "t10k-labels-idx1-ubyte")
	write := func(name string, b []byte) {
		t.Helper()
		os.Remove(labels)
		os.Remove(labels + ".gz")
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(labels, raw)
	open(t, "mnist", filepath.Dir(at))
	write(labels+".gz", gzipped(raw)) // another compressor, the same content
	task := open(t, "mnist", filepath.Dir(at))
	if i := task.Info(); i.In != 784 || i.Out != 10 || i.TrainSize != 58000 || i.TestSize != 10000 {
		t.Errorf("%+v", i)
	}
	raw[20] ^= 1
	write(labels, raw)
	if err := openError(t, "mnist", filepath.Dir(at)); !strings.Contains(err.Error(), labels+": checksum differs") {
		t.Error(err)
	}
	write(labels, raw[:500])
	if err := openError(t, "mnist", filepath.Dir(at)); !strings.Contains(err.Error(), "truncated") {
		t.Error(err)
	}
	// Files of another set that lie in the directory itself are passed over.
	if err := openError(t, "fashion-mnist", real); !strings.Contains(err.Error(), "checksum differs") {
		t.Error(err)
	}
	open(t, "fashion-mnist:limit=10", real, data)
}

func unzip(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The published statistics of the set (mean and standard deviation of
// value/255, counts per class) come from its documentation.
func TestMNISTStatistics(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 60,000 images")
	}
	task := open(t, "mnist:val=0", taskstest.Data(t))
	e, err := task.Start(key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	b := tasks.NewBatch(task.Info(), 1000)
	var n, sum, squares float64
	count := make([]int, 10)
	for range 60 {
		e.Next(b)
		for i := range b.N {
			count[b.Labels[i]]++
			for _, v := range b.X.Row(i) {
				n++
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
		}
	}
	mean := sum / n
	if sd := math.Sqrt(squares/n - mean*mean); math.Abs(mean-0.1306604762738429) > 1e-7 || math.Abs(sd-0.30810780385646264) > 1e-7 {
		t.Errorf("mean %v, standard deviation %v", mean, sd) // float32 values: 1e-7
	}
	for c, want := range []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949} {
		if count[c] != want {
			t.Errorf("%d samples of %d, want %d", count[c], c, want)
		}
	}
}

func FuzzIDX(f *testing.F) {
	good := idxFile(8, []byte{1, 2, 3, 4, 5, 6}, 3, 2)
	f.Add(good)
	f.Add(gzipped(good))
	f.Add(idxFile(0x0e, make([]byte, 16), 2))
	f.Add(idxFile(8, nil, 1<<31, 1<<31, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := tasks.DecodeIDX(data)
		if err == nil && len(v) > 1032*len(data) {
			t.Errorf("%d values from %d bytes", len(v), len(data))
		}
	})
}
