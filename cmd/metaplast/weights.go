package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/inner/network"
)

// weights is a trained network to be saved: W of each connection is in×out,
// where the ins of a convolution are the units of a patch (row, column,
// channel) and its outs the filters.
type weights struct {
	Sizes   []int         `json:"sizes"`
	Network string        `json:"network"`
	Hidden  string        `json:"hidden"`
	Output  string        `json:"output"`
	Layers  []layerWeight `json:"layers"`
}

type layerWeight struct {
	W    [][]float32 `json:"w"`
	Bias []float32   `json:"bias,omitempty"`
}

// copyWeights takes the weights of a network before it is reused.
func copyWeights(n *network.Network) *weights {
	out := &weights{Sizes: n.Config.Sizes, Network: Sizes(n.Config.Layers()).String(), Hidden: n.Config.Hidden.String(), Output: n.Config.Output.String()}
	for _, c := range n.Conns {
		var l layerWeight
		for i := range c.In {
			l.W = append(l.W, append([]float32(nil), c.W.Row(i)...))
		}
		l.Bias = append(l.Bias, c.Bias...)
		out.Layers = append(out.Layers, l)
	}
	return out
}

// weightsFormat checks the ending of a file before a long training.
func weightsFormat(file string) error {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".npz", ".json":
	default:
		return usagef("--save %s: weights are saved as .npz or .json", file)
	}
	if dir := filepath.Dir(file); !isDir(dir) {
		return usagef("--save %s: there is no directory %s", file, dir)
	}
	return nil
}

// save writes NumPy arrays W1, b1, W2, … or JSON.
func (w *weights) save(file string) error {
	data, err := w.encode(strings.EqualFold(filepath.Ext(file), ".npz"))
	if err != nil {
		return fmt.Errorf("save %s: %w", file, err)
	}
	return checkpoints.WriteFileAtomic(file, data)
}

func (w *weights) encode(npz bool) ([]byte, error) {
	if !npz {
		data, err := json.Marshal(w)
		return append(data, '\n'), err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name string, shape string, rows ...[]float32) error {
		f, err := z.Create(name + ".npy")
		if err != nil {
			return err
		}
		_, err = f.Write(npy(shape, rows))
		return err
	}
	for i, l := range w.Layers {
		if err := put(fmt.Sprintf("W%d", i+1), fmt.Sprintf("(%d, %d)", len(l.W), len(l.W[0])), l.W...); err != nil {
			return nil, err
		}
		if len(l.Bias) > 0 {
			if err := put(fmt.Sprintf("b%d", i+1), fmt.Sprintf("(%d,)", len(l.Bias)), l.Bias); err != nil {
				return nil, err
			}
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// npy is a float32 array in NumPy's format, version 1.0: a header padded to a
// multiple of 64 bytes, then the numbers row by row.
func npy(shape string, rows [][]float32) []byte {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", shape)
	const preamble = 10
	pad := 64 - (preamble+len(header)+1)%64
	header += strings.Repeat(" ", pad%64) + "\n"
	out := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(out[8:], uint16(len(header)))
	out = append(out, header...)
	for _, r := range rows {
		for _, x := range r {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	return out
}
