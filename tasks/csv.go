package tasks

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// openCSV opens a table of numbers with one column of labels.
func openCSV(v *values, src Source) (Task, error) {
	path, tried := src.locate(v.spec.Options["path"])
	if path == "" {
		return nil, notFound(v, tried)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, &DataError{Task: v.entry.Name, Path: path, Msg: "cannot be read", Err: err}
	}
	s, err := decodeCSV(data, v.text("label"), v.text("target"))
	if c := new(columnError); errors.As(err, &c) {
		return nil, v.fail(v.spec, "label", c.msg)
	}
	var d *dataset
	if err == nil {
		d, err = s.hold(v)
	}
	if err != nil {
		return nil, &DataError{Task: v.entry.Name, Path: path, Msg: "not a table to learn from", Err: err}
	}
	return newSet(v, d)
}

// columnError is a label column that the table does not have.
type columnError struct{ msg string }

func (e *columnError) Error() string { return e.msg }

// decodeCSV reads a table of numbers. Fields are separated by commas,
// semicolons or tabs. A first line with words above numbers is a header of
// column names; one like "150,4,setosa,versicolor,virginica" (scikit-learn)
// gives the number of rows and of inputs and the names of the classes that the
// last column counts.
func decodeCSV(data []byte, label, target string) (*samples, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = separator(data)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	r.TrimLeadingSpace = true

	var head [2][]string
	var lines [2]int
	n := 0
	for n < 2 {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		head[n] = trimmed(slices.Clone(rec))
		lines[n], _ = r.FieldPos(0)
		n++
	}
	if n < 2 {
		return nil, errors.New("fewer than two rows")
	}
	names, classes, rows := header(head[0], head[1])
	columns := len(head[1])
	if columns < 2 {
		return nil, errors.New("one column only; want inputs and labels")
	}
	at, err := column(label, columns, names)
	if err != nil {
		return nil, err
	}

	s := &samples{x: table{d: columns - 1}}
	var words []string
	seen := map[string]string{}
	add := func(line int, rec []string) error {
		if len(rec) != columns {
			return fmt.Errorf("line %d has %d fields, those before have %d", line, len(rec), columns)
		}
		for j, f := range rec {
			if j == at {
				if f == "" {
					return fmt.Errorf("line %d has no label", line)
				}
				if _, ok := seen[f]; !ok {
					seen[strings.Clone(f)] = strings.Clone(f)
				}
				words = append(words, seen[f])
				continue
			}
			x, err := strconv.ParseFloat(f, 32)
			if err != nil || x-x != 0 {
				return fmt.Errorf("line %d, column %d: %.20q is not a number", line, j, f)
			}
			s.x.floats = append(s.x.floats, float32(x))
		}
		s.x.n++
		return nil
	}
	start := 0
	if names != nil || classes != nil {
		start = 1
	}
	for i := start; i < len(head); i++ {
		if err := add(lines[i], head[i]); err != nil {
			return nil, err
		}
	}
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if err := add(line, trimmed(rec)); err != nil {
			return nil, err
		}
	}
	if classes != nil && s.x.n != rows {
		return nil, fmt.Errorf("the header announces %d rows, the file has %d", rows, s.x.n)
	}

	numbers := make([]float64, len(words))
	for i, w := range words {
		f, err := strconv.ParseFloat(w, 64)
		if err != nil || f-f != 0 {
			if target == "value" {
				return nil, fmt.Errorf("label %.20q is not a number", w)
			}
			return s, s.labelNamed(words)
		}
		numbers[i] = f
	}
	if classes != nil && at == columns-1 {
		return s, s.labelIndexed(numbers, classes)
	}
	return s, s.label(numbers, target)
}

// labelIndexed sets labels that are indices into a list of names.
func (s *samples) labelIndexed(y []float64, names []string) error {
	s.classes, s.labels = names, make([]int32, len(y))
	for i, v := range y {
		c := int(v)
		if float64(c) != v || c < 0 || c >= len(names) {
			return fmt.Errorf("label %g of sample %d is outside 0 to %d", v, i, len(names)-1)
		}
		s.labels[i] = int32(c)
	}
	return nil
}

// separator is the most frequent of the usual ones in the first line.
func separator(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	best, count := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := bytes.Count(line, []byte(string(c))); n > count {
			best, count = c, n
		}
	}
	return best
}

func trimmed(rec []string) []string {
	for i, f := range rec {
		rec[i] = strings.TrimSpace(f)
	}
	return rec
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// header tells from its first two rows what the first row of a table is:
// names of columns, or counts and names of classes, or (nothing returned)
// data.
func header(first, second []string) (names, classes []string, rows int) {
	if len(first) > 3 {
		n, err1 := strconv.Atoi(first[0])
		d, err2 := strconv.Atoi(first[1])
		_, err3 := strconv.Atoi(second[len(second)-1])
		if err1 == nil && err2 == nil && err3 == nil && d+1 == len(second) && !slices.ContainsFunc(first[2:], isNumber) {
			return nil, first[2:], n
		}
	}
	if len(first) != len(second) {
		return nil, nil, 0
	}
	for j := range first {
		if !isNumber(first[j]) && isNumber(second[j]) {
			return first, nil, 0
		}
	}
	return nil, nil, 0
}

// column finds the label column: a name of the header, or a number from 0, or
// from the end when it is negative.
func column(label string, columns int, names []string) (int, error) {
	if i := slices.Index(names, label); i >= 0 {
		return i, nil
	}
	i, err := strconv.Atoi(label)
	switch {
	case err != nil && names == nil:
		return 0, &columnError{fmt.Sprintf("the table has no names of columns; give a number from 0 to %d, or -1 for the last", columns-1)}
	case err != nil:
		return 0, &columnError{fmt.Sprintf("%q is not a column.%s Columns are %s", label, suggest(label, names), shorten(names))}
	case i < -columns || i >= columns:
		return 0, &columnError{fmt.Sprintf("column %d is outside 0 to %d", i, columns-1)}
	case i < 0:
		i += columns
	}
	return i, nil
}

// shorten lists names, of long lists the first ones.
func shorten(names []string) string {
	if len(names) > 12 {
		return strings.Join(names[:12], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
