package tasks

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Table is a file of named columns of equal length.
type Table struct {
	Path    string
	Columns []Column
	Rows    int
	Lines   []int // where each row begins in a text file; nil where there are no lines
}

// Column is a column of a table.
type Column struct {
	Name   string
	Values []float64
	// Words are the cells as written where not all of them are finite
	// numbers; Bad is the first that is not.
	Words []string
	Bad   error
}

// Column finds a column by name.
func (t *Table) Column(name string) (*Column, bool) {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

// Names lists the columns.
func (t *Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Place says where a row stands, for messages.
func (t *Table) Place(row int) string {
	if t.Lines == nil {
		return fmt.Sprintf("%s: row %d", t.Path, row)
	}
	return fmt.Sprintf("%s:%d", t.Path, t.Lines[row])
}

// ReadTable reads a table from a file of separated values with a line of
// names, or from an .npz file of arrays of one dimension. Errors are of type
// *DataError.
func ReadTable(path string) (*Table, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, &DataError{Path: path, Msg: "cannot be read", Err: err}
	}
	t := &Table{Path: path}
	if bytes.HasPrefix(data, []byte("PK")) || strings.HasSuffix(strings.ToLower(path), ".npz") {
		err = t.readNPZ(data)
		if err != nil {
			err = &DataError{Path: path, Msg: "not a table", Err: err}
		}
	} else {
		err = t.readCSV(data)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// maxCells bounds the memory that a table takes.
const maxCells = 1 << 27

func (t *Table) fail(line, column int, format string, args ...any) error {
	place := fmt.Sprintf("%s:%d:%d", t.Path, line, column)
	if column == 0 {
		place = fmt.Sprintf("%s:%d", t.Path, line)
	}
	return &DataError{Path: place, Msg: fmt.Sprintf(format, args...)}
}

func (t *Table) readCSV(data []byte) error {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = separator(data)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	next := func() ([]string, error) {
		rec, err := r.Read()
		if p := new(csv.ParseError); errors.As(err, &p) {
			return nil, t.fail(p.Line, p.Column, "%v", p.Err)
		}
		return trimmed(rec), err
	}
	names, err := next()
	if errors.Is(err, io.EOF) {
		return &DataError{Path: t.Path, Msg: "empty; want a line of column names and rows of numbers"}
	}
	if err != nil {
		return err
	}
	for j, name := range names {
		line, at := r.FieldPos(j)
		if isNumber(name) || name == "" {
			return t.fail(line, at, "%q is not the name of a column; the first line has to name them", name)
		}
		if _, twice := t.Column(name); twice {
			return t.fail(line, at, "two columns are named %s", name)
		}
		t.Columns = append(t.Columns, Column{Name: strings.Clone(name)})
	}
	for {
		rec, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if len(rec) != len(t.Columns) {
			return t.fail(line, 0, "%d fields, but the first line names %d columns", len(rec), len(t.Columns))
		}
		if t.Rows*len(rec) > maxCells {
			return t.fail(line, 0, "more than %d cells are too many", maxCells)
		}
		for j, f := range rec {
			c := &t.Columns[j]
			v, err := strconv.ParseFloat(f, 64)
			if (err != nil || v-v != 0) && c.Words == nil {
				_, at := r.FieldPos(j)
				c.Bad = t.fail(line, at, "%.20q in column %s is not a finite number", f, c.Name)
				c.Words = make([]string, 0, t.Rows+1)
				for _, x := range c.Values {
					c.Words = append(c.Words, strconv.FormatFloat(x, 'g', -1, 64))
				}
			}
			c.Values = append(c.Values, v)
			if c.Words != nil {
				c.Words = append(c.Words, strings.Clone(f))
			}
		}
		t.Lines = append(t.Lines, line)
		t.Rows++
	}
}

func (t *Table) readNPZ(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if _, twice := t.Column(name); twice {
			return fmt.Errorf("two arrays are named %s", name)
		}
		a, err := readNPY(f)
		if err != nil {
			return fmt.Errorf("array %s: %w", name, err)
		}
		if len(a.shape) != 1 && (len(a.shape) != 2 || a.shape[1] != 1) {
			return fmt.Errorf("array %s has shape %v; want one dimension, a value per row", name, a.shape)
		}
		if len(t.Columns) > 0 && a.count() != t.Rows {
			return fmt.Errorf("array %s has %d rows, %s has %d", name, a.count(), t.Columns[0].Name, t.Rows)
		}
		t.Rows = a.count()
		if t.Rows*(len(t.Columns)+1) > maxCells {
			return fmt.Errorf("more than %d cells are too many", maxCells)
		}
		c := Column{Name: name, Values: make([]float64, t.Rows)}
		for i := range c.Values {
			c.Values[i] = a.at(i)
			if v := c.Values[i]; v-v != 0 && c.Bad == nil {
				c.Bad = &DataError{Path: t.Path, Msg: fmt.Sprintf("value %d of array %s is not finite", i, name)}
			}
		}
		t.Columns = append(t.Columns, c)
	}
	if len(t.Columns) == 0 {
		return errors.New("no arrays")
	}
	return nil
}
