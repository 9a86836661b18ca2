package tasks

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// maxData bounds the bytes that one array may take in memory, maxFile those
// of a file.
const (
	maxData = 1 << 30
	maxFile = 1 << 30
)

// deflateRatio is the most that deflate can expand: 258 bytes from 2 bits.
// A header that promises more than that of its file is refused before memory
// is set aside.
const deflateRatio = 1032

// idxArray is the content of an idx file (Y. LeCun's format for MNIST): the
// magic 0 0 TYPE NDIM, NDIM big-endian sizes, then the values in row order.
type idxArray struct {
	sizes []int
	bytes []byte    // unsigned bytes
	vals  []float32 // any other type
}

// decodeIDX reads an idx file, compressed by gzip or not.
func decodeIDX(data []byte) (*idxArray, error) {
	var r io.Reader = bytes.NewReader(data)
	most := int64(len(data))
	if len(data) >= 2 && data[0] == 0x1f && data[1] == 0x8b {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("not a gzip file: %w", err)
		}
		r, most = z, most*deflateRatio
	}
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, truncated(err, "the header")
	}
	width := idxWidth(magic[2])
	if magic[0] != 0 || magic[1] != 0 || width == 0 || magic[3] == 0 || magic[3] > 8 {
		return nil, fmt.Errorf("magic % x is not that of an idx file (0 0 TYPE NDIM)", magic)
	}
	a := &idxArray{}
	n := int64(width)
	for range magic[3] {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return nil, truncated(err, "the header")
		}
		s := int64(binary.BigEndian.Uint32(size[:]))
		a.sizes = append(a.sizes, int(s))
		if n > 0 && s > math.MaxInt64/n {
			return nil, fmt.Errorf("sizes %v are beyond any file", a.sizes)
		}
		n *= s
	}
	switch {
	case n > maxData:
		return nil, fmt.Errorf("sizes %v need %d bytes; the limit is %d", a.sizes, n, maxData)
	case n > most:
		return nil, fmt.Errorf("sizes %v need %d bytes, which a file of %d cannot hold: truncated, or its header is wrong", a.sizes, n, len(data))
	}
	raw, err := readGrowing(r, int(n))
	if err != nil {
		return nil, truncated(err, fmt.Sprintf("its %d bytes of values", n))
	}
	var extra [1]byte
	switch _, err := io.ReadFull(r, extra[:]); {
	case err == nil:
		return nil, fmt.Errorf("bytes follow the %d values that sizes %v announce", int(n)/width, a.sizes)
	case !errors.Is(err, io.EOF):
		return nil, truncated(err, "its checksum")
	}
	if magic[2] == 0x08 {
		a.bytes = raw
		return a, nil
	}
	a.vals = make([]float32, len(raw)/width)
	for i := range a.vals {
		b := raw[i*width:]
		switch magic[2] {
		case 0x09:
			a.vals[i] = float32(int8(b[0]))
		case 0x0b:
			a.vals[i] = float32(int16(binary.BigEndian.Uint16(b)))
		case 0x0c:
			a.vals[i] = float32(int32(binary.BigEndian.Uint32(b)))
		case 0x0d:
			a.vals[i] = math.Float32frombits(binary.BigEndian.Uint32(b))
		case 0x0e:
			a.vals[i] = float32(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
		if a.vals[i]-a.vals[i] != 0 {
			return nil, fmt.Errorf("value %d is not finite", i)
		}
	}
	return a, nil
}

// idxWidth is the size of a value of a type, 0 for types that do not exist.
func idxWidth(kind byte) int {
	switch kind {
	case 0x08, 0x09: // unsigned and signed bytes
		return 1
	case 0x0b: // int16
		return 2
	case 0x0c, 0x0d: // int32, float32
		return 4
	case 0x0e: // float64
		return 8
	}
	return 0
}

// readGrowing reads exactly n bytes. Memory grows with what really arrives,
// so that a small file with a large promise costs little.
func readGrowing(r io.Reader, n int) ([]byte, error) {
	const step = 64 << 20
	buf := make([]byte, 0, min(n, step))
	for len(buf) < n {
		at := len(buf)
		to := min(n, max(2*at, step))
		buf = append(buf, make([]byte, to-at)...)
		if _, err := io.ReadFull(r, buf[at:to]); err != nil {
			return nil, err
		}
	}
	return buf, nil
}

func truncated(err error, where string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated: the file ends within %s", where)
	}
	return fmt.Errorf("reading %s: %w", where, err)
}

// readFile reads a whole file of at most maxFile bytes.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if st.Size() > maxFile {
		return nil, fmt.Errorf("%d bytes are more than the limit of %d", st.Size(), maxFile)
	}
	buf := make([]byte, st.Size())
	if _, err := io.ReadFull(f, buf); err != nil {
		return nil, err
	}
	return buf, nil
}

// idxLayout says how the four files of an MNIST-like set are named and what
// is special about them.
type idxLayout struct {
	train, test string // prefixes: "train", "t10k"
	classes     int    // 0: as many as the largest training label says
	first       int    // label of class 0
	transposed  bool   // images are stored column by column
	// checksums are the SHA-256 of the published files, the gz and then its
	// content, in the order of idxFiles; nil when none are known.
	checksums [][2]string
}

// names are the files of the layout, in the order in which they are read.
func (l *idxLayout) names() [4]string {
	return [4]string{l.train + "-images-idx3-ubyte", l.train + "-labels-idx1-ubyte",
		l.test + "-images-idx3-ubyte", l.test + "-labels-idx1-ubyte"}
}

// find returns the paths of the four files in a directory, or the name of the
// first that is missing.
func (l *idxLayout) find(dir string) (paths [4]string, missing string) {
	for i, name := range l.names() {
		dotted := strings.Replace(name, "-idx", ".idx", 1)
		for _, n := range []string{name + ".gz", name, dotted + ".gz", dotted} {
			if st, err := os.Stat(filepath.Join(dir, n)); err == nil && !st.IsDir() {
				paths[i] = filepath.Join(dir, n)
				break
			}
		}
		if paths[i] == "" {
			return paths, name
		}
	}
	return paths, ""
}

// load reads the four files.
func (l *idxLayout) load(task string, paths [4]string) (*dataset, error) {
	var arrays [4]*idxArray
	for i, path := range paths {
		data, err := readFile(path)
		if err != nil {
			return nil, &DataError{Task: task, Path: path, Msg: "cannot be read", Err: err}
		}
		a, err := decodeIDX(data)
		if l.checksums != nil && !matches(l.checksums[i], data, a) {
			if err != nil {
				return nil, &DataError{Task: task, Path: path, Err: err,
					Msg: "checksum differs from the published file"}
			}
			return nil, &DataError{Task: task, Path: path, Msg: "checksum differs from the published file; " +
				"fetch it again, or read it as it is with idx:" + filepath.Dir(path)}
		}
		if err != nil {
			return nil, &DataError{Task: task, Path: path, Msg: "not a readable idx file", Err: err}
		}
		arrays[i] = a
	}
	d := &dataset{classes: l.classes}
	fail := func(i int, format string, args ...any) error {
		return &DataError{Task: task, Path: paths[i], Msg: fmt.Sprintf(format, args...)}
	}
	for i, p := range []*part{&d.train, &d.test} {
		x, y := arrays[2*i], arrays[2*i+1]
		if len(x.sizes) < 2 {
			return nil, fail(2*i, "%d dimension holds no samples; want samples × height × width", len(x.sizes))
		}
		n, width := x.sizes[0], 1
		for _, s := range x.sizes[1:] {
			width *= s
		}
		if n == 0 || width == 0 {
			return nil, fail(2*i, "sizes %v hold no values", x.sizes)
		}
		if len(y.sizes) != 1 || y.bytes == nil {
			return nil, fail(2*i+1, "labels must be one dimension of unsigned bytes")
		}
		if len(y.bytes) != n {
			return nil, fail(2*i+1, "%d labels for %d images", len(y.bytes), n)
		}
		if x.bytes != nil {
			p.x = byteTable(n, width, x.bytes)
		} else {
			p.x = table{n: n, d: width, floats: x.vals}
		}
		p.labels = make([]int32, n)
		for j, v := range y.bytes {
			c := int32(v) - int32(l.first)
			if i == 0 && l.classes == 0 {
				d.classes = max(d.classes, int(c)+1)
			}
			if c < 0 || int(c) >= d.classes {
				return nil, fail(2*i+1, "label %d of sample %d is outside %d to %d", v, j, l.first, l.first+d.classes-1)
			}
			p.labels[j] = c
		}
	}
	a, b := arrays[0], arrays[2]
	if fmt.Sprint(a.sizes[1:]) != fmt.Sprint(b.sizes[1:]) || (a.bytes == nil) != (b.bytes == nil) {
		return nil, fail(2, "samples of sizes %v, but those for training have %v", b.sizes[1:], a.sizes[1:])
	}
	if d.classes < 2 {
		return nil, fail(1, "all labels are 0: nothing to tell apart")
	}
	d.pixels = a.bytes != nil
	if len(a.sizes) == 3 {
		d.height, d.width = a.sizes[1], a.sizes[2]
		if l.transposed && d.pixels {
			d.train.x.transpose(d.height, d.width)
			d.test.x.transpose(d.height, d.width)
			d.height, d.width = d.width, d.height
		}
	}
	d.chance = 1 / float64(d.classes)
	if l.classes == 0 {
		d.chance = d.train.majority(d.classes)
	}
	return d, nil
}

// transpose turns images of h×w bytes into w×h.
func (t *table) transpose(h, w int) {
	buf := make([]byte, h*w)
	for i := range t.n {
		img := t.bytes[i*t.d : (i+1)*t.d]
		copy(buf, img)
		for y := range h {
			for x := range w {
				img[x*h+y] = buf[y*w+x]
			}
		}
	}
}

// openIDX opens any set of the four files by its directory.
func openIDX(v *values, src Source) (Task, error) {
	path := v.spec.Options["path"]
	dir, tried := src.locate(path)
	if dir == "" {
		return nil, notFound(v, tried)
	}
	l := &idxLayout{train: "train", test: "t10k"}
	paths, missing := l.find(dir)
	if missing != "" {
		other := &idxLayout{train: "train", test: "test"}
		var still string
		if paths, still = other.find(dir); still != "" {
			return nil, &DataError{Task: v.entry.Name, Path: dir,
				Msg: "no file " + missing + ", with or without .gz; want train and t10k images and labels"}
		}
		l = other
	}
	d, err := l.load(v.entry.Name, paths)
	if err != nil {
		return nil, err
	}
	return newSet(v, d)
}

// notFound is the error of a set by path that is nowhere.
func notFound(v *values, tried []string) error {
	msg := "not found; looked at " + strings.Join(tried, ", ")
	if strings.ContainsAny(v.spec.Options["path"], ",=") {
		msg += " (options of sets by path follow a #)"
	}
	return &DataError{Task: v.spec.String(), Msg: msg}
}
