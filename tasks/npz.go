package tasks

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// openNPZ opens a zip of NumPy arrays: x and y, or x_train, y_train, x_test
// and y_test.
func openNPZ(v *values, src Source) (Task, error) {
	path, tried := src.locate(v.spec.Options["path"])
	if path == "" {
		return nil, notFound(v, tried)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, &DataError{Task: v.entry.Name, Path: path, Msg: "cannot be read", Err: err}
	}
	d, err := decodeNPZ(data, v)
	if err != nil {
		return nil, &DataError{Task: v.entry.Name, Path: path, Msg: "not a set of arrays to learn from", Err: err}
	}
	return newSet(v, d)
}

// decodeNPZ reads the arrays of a set.
func decodeNPZ(data []byte, v *values) (*dataset, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	files := map[string]*zip.File{}
	var have []string
	for _, f := range z.File {
		name := strings.ToLower(strings.TrimSuffix(f.Name, ".npy"))
		if files[name] == nil && len(have) < 64 {
			have = append(have, name)
		}
		files[name] = f
	}
	find := func(names ...string) (*zip.File, bool) {
		for _, n := range names {
			if f, ok := files[n]; ok {
				return f, true
			}
		}
		return nil, false
	}
	read := func(x, y *zip.File) (*samples, []int, error) {
		a, err := readNPY(x)
		if err != nil {
			return nil, nil, fmt.Errorf("array %s: %w", x.Name, err)
		}
		b, err := readNPY(y)
		if err != nil {
			return nil, nil, fmt.Errorf("array %s: %w", y.Name, err)
		}
		s, err := combine(a, b, v.text("target"))
		return s, a.shape, err
	}
	x, okx := find("x_train", "train_images", "train_x")
	y, oky := find("y_train", "train_labels", "train_y")
	if !okx || !oky {
		x, okx = find("x", "images", "data", "features")
		y, oky = find("y", "labels", "target", "targets")
		if !okx || !oky {
			return nil, fmt.Errorf("no arrays x and y, or x_train, y_train, x_test and y_test; it has %s", shorten(have))
		}
		s, shape, err := read(x, y)
		if err != nil {
			return nil, err
		}
		d, err := s.hold(v)
		if err != nil {
			return nil, err
		}
		d.picture(shape)
		return d, nil
	}
	s, shape, err := read(x, y)
	if err != nil {
		return nil, err
	}
	x, okx = find("x_test", "test_images", "test_x")
	y, oky = find("y_test", "test_labels", "test_y")
	if !okx || !oky {
		d, err := s.hold(v)
		if err != nil {
			return nil, err
		}
		d.picture(shape)
		return d, nil
	}
	t, tshape, err := read(x, y)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(shape[1:], tshape[1:]) || (s.x.bytes == nil) != (t.x.bytes == nil) {
		return nil, fmt.Errorf("training samples have shape %v, test samples %v, or another type", shape[1:], tshape[1:])
	}
	if (s.labels == nil) != (t.labels == nil) {
		return nil, errors.New("training labels are classes and test labels values, or the reverse; give target=class or target=value")
	}
	for i, l := range t.labels { // class numbers of the test part become those of training
		c := slices.Index(s.classes, t.classes[l])
		if c < 0 {
			return nil, fmt.Errorf("label %s of test sample %d does not occur in training", t.classes[l], i)
		}
		t.labels[i] = int32(c)
	}
	d := &dataset{train: part{s.x, s.labels, s.targets}, test: part{t.x, t.labels, t.targets}}
	d.picture(shape)
	return d, d.finish(s.classes)
}

// picture notes the size of images: samples × height × width, with or without
// one channel.
func (d *dataset) picture(shape []int) {
	if len(shape) == 3 || len(shape) == 4 && shape[3] == 1 {
		d.height, d.width = shape[1], shape[2]
	}
}

// combine makes samples of inputs and labels: whole numbers, values, or one
// column per class.
func combine(x, y *npyArray, target string) (*samples, error) {
	if len(x.shape) < 2 || x.shape[0] == 0 || x.count() == 0 {
		return nil, fmt.Errorf("inputs of shape %v; want samples × values", x.shape)
	}
	n := x.shape[0]
	if len(y.shape) == 0 || y.shape[0] != n {
		return nil, fmt.Errorf("labels of shape %v for %d samples", y.shape, n)
	}
	s := &samples{}
	if x.kind == 'u' && x.width == 1 || x.kind == 'b' {
		s.x = byteTable(n, x.count()/n, x.raw)
	} else {
		s.x = table{n: n, d: x.count() / n, floats: make([]float32, x.count())}
		for i := range s.x.floats {
			s.x.floats[i] = float32(x.at(i))
			if s.x.floats[i]-s.x.floats[i] != 0 {
				return nil, fmt.Errorf("value %d of sample %d is not finite", i%s.x.d, i/s.x.d)
			}
		}
	}
	k := y.count() / n
	if k == 0 || len(y.shape) > 2 {
		return nil, fmt.Errorf("labels of shape %v for %d samples", y.shape, n)
	}
	labels := make([]float64, n)
	for i := range labels {
		if k == 1 {
			labels[i] = y.at(i)
			if labels[i]-labels[i] != 0 {
				return nil, fmt.Errorf("label %d is not finite", i)
			}
			continue
		}
		hot := -1
		for j := range k {
			switch v := y.at(i*k + j); {
			case v == 1 && hot < 0:
				hot = j
			case v != 0:
				hot = k
			}
		}
		if hot < 0 || hot >= k {
			return nil, fmt.Errorf("row %d of the labels is not one-hot", i)
		}
		labels[i] = float64(hot)
	}
	if y.kind != 'f' && target == "auto" || k > 1 {
		target = "class"
	}
	return s, s.label(labels, target)
}

// npyArray is the content of a .npy file (NumPy format 1 and 2).
type npyArray struct {
	shape []int
	kind  byte // 'f', 'i', 'u' or 'b'
	width int
	raw   []byte // little-endian values in C order
}

func (a *npyArray) count() int { return len(a.raw) / a.width }

func (a *npyArray) at(i int) float64 {
	b := a.raw[i*a.width:]
	var u uint64
	switch a.width {
	case 1:
		u = uint64(b[0])
	case 2:
		u = uint64(binary.LittleEndian.Uint16(b))
	case 4:
		u = uint64(binary.LittleEndian.Uint32(b))
	case 8:
		u = binary.LittleEndian.Uint64(b)
	}
	switch {
	case a.kind == 'f' && a.width == 4:
		return float64(math.Float32frombits(uint32(u)))
	case a.kind == 'f':
		return math.Float64frombits(u)
	case a.kind == 'i':
		shift := 64 - 8*a.width
		return float64(int64(u<<shift) >> shift)
	}
	return float64(u)
}

// readNPY reads one member of the zip.
func readNPY(f *zip.File) (*npyArray, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	most := int64(maxData)
	if limit := f.CompressedSize64; limit < maxData/deflateRatio {
		most = int64(limit) * deflateRatio
	}
	return decodeNPY(r, most)
}

// decodeNPY reads a .npy file whose values take at most so many bytes.
func decodeNPY(r io.Reader, most int64) (*npyArray, error) {
	var magic [8]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, truncated(err, "the header")
	}
	if string(magic[:6]) != "\x93NUMPY" {
		return nil, fmt.Errorf("magic % x is not that of a .npy file", magic[:6])
	}
	var size [4]byte
	switch magic[6] {
	case 1:
		_, err := io.ReadFull(r, size[:2])
		if err != nil {
			return nil, truncated(err, "the header")
		}
	case 2:
		_, err := io.ReadFull(r, size[:4])
		if err != nil {
			return nil, truncated(err, "the header")
		}
	default:
		return nil, fmt.Errorf("format %d is not known; formats 1 and 2 are", magic[6])
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > 1<<16 {
		return nil, fmt.Errorf("a header of %d bytes is beyond any array of numbers", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, truncated(err, "the header")
	}
	a, err := parseNPYHeader(string(text))
	if err != nil {
		return nil, err
	}
	total := int64(a.width)
	for _, s := range a.shape {
		if total > 0 && int64(s) > math.MaxInt64/total {
			return nil, fmt.Errorf("shape %v is beyond any file", a.shape)
		}
		total *= int64(s)
	}
	if total > most {
		return nil, fmt.Errorf("shape %v needs %d bytes, more than its file can hold or the limit of %d allows", a.shape, total, maxData)
	}
	if a.raw, err = readGrowing(r, int(total)); err != nil {
		return nil, truncated(err, fmt.Sprintf("its %d bytes of values", total))
	}
	var extra [1]byte
	switch _, err := io.ReadFull(r, extra[:]); {
	case err == nil:
		return nil, fmt.Errorf("bytes follow the values that shape %v announces", a.shape)
	case !errors.Is(err, io.EOF):
		return nil, truncated(err, "its checksum")
	}
	return a, nil
}

// parseNPYHeader reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
func parseNPYHeader(text string) (*npyArray, error) {
	bad := func(what string) error { return fmt.Errorf("header %.80q: %s", strings.TrimSpace(text), what) }
	s := strings.TrimSpace(text)
	s, open := strings.CutPrefix(s, "{")
	s, closed := strings.CutSuffix(s, "}")
	if !open || !closed {
		return nil, bad("not a dictionary")
	}
	a := &npyArray{}
	seen := 0
	for strings.TrimSpace(s) != "" {
		k, rest, ok := strings.Cut(s, ":")
		if !ok {
			return nil, bad("not a dictionary")
		}
		rest = strings.TrimSpace(rest)
		var value string
		if strings.HasPrefix(rest, "(") {
			i := strings.IndexByte(rest, ')')
			if i < 0 {
				return nil, bad("shape without end")
			}
			value, s = rest[1:i], rest[i+1:]
		} else if value, s, ok = strings.Cut(rest, ","); ok {
			s = "," + s
		}
		s = strings.TrimPrefix(strings.TrimSpace(s), ",")
		switch strings.Trim(strings.TrimSpace(k), `'"`) {
		case "descr":
			descr := strings.Trim(strings.TrimSpace(value), `'"`)
			if strings.HasPrefix(value, "[") || strings.Contains(descr, "O") {
				return nil, bad("records and pickled objects are refused; want one array of numbers")
			}
			switch descr {
			case "<f4", "<f8", "|u1", "|i1", "<u1", "<i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "|b1":
				a.kind, a.width = descr[1], int(descr[2]-'0')
			default:
				return nil, bad("type " + strconv.Quote(descr) + "; want little-endian floats, integers or bool")
			}
			seen |= 1
		case "fortran_order":
			if strings.TrimSpace(value) != "False" {
				return nil, bad("Fortran order; save a C-ordered array")
			}
			seen |= 2
		case "shape":
			for _, d := range strings.Split(value, ",") {
				if d = strings.TrimSpace(d); d == "" {
					continue
				}
				n, err := strconv.Atoi(strings.TrimSuffix(d, "L"))
				if err != nil || n < 0 || len(a.shape) == 32 {
					return nil, bad("shape is not a list of sizes")
				}
				a.shape = append(a.shape, n)
			}
			seen |= 4
		default:
			return nil, bad("an entry that is not descr, fortran_order or shape")
		}
	}
	if seen != 7 {
		return nil, bad("descr, fortran_order or shape is missing")
	}
	return a, nil
}
