package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
)

// The arrays read back by the description of NumPy's format: magic, version,
// length of the header, a dict, then the numbers, aligned to 64 bytes.
func TestWeights(t *testing.T) {
	w := &weights{Sizes: []int{2, 3}, Hidden: "tanh", Output: "softmax", Layers: []layerWeight{{W: [][]float32{{1, 2, 3}, {4, 5, -0.5}}, Bias: []float32{7, 8, 9}}}}
	data, err := w.encode(true)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float32{"W1.npy": {1, 2, 3, 4, 5, -0.5}, "b1.npy": {7, 8, 9}}
	shapes := map[string]string{"W1.npy": "'shape': (2, 3)", "b1.npy": "'shape': (3,)"}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		n := int(binary.LittleEndian.Uint16(b[8:]))
		header := string(b[10 : 10+n])
		if string(b[:8]) != "\x93NUMPY\x01\x00" || (10+n)%64 != 0 || !strings.HasSuffix(header, "\n") || !strings.Contains(header, shapes[f.Name]) {
			t.Errorf("%s begins %q", f.Name, b[:10+n])
		}
		for i, x := range want[f.Name] {
			if got := math.Float32frombits(binary.LittleEndian.Uint32(b[10+n+4*i:])); got != x {
				t.Errorf("%s[%d] is %v, want %v", f.Name, i, got, x)
			}
		}
		delete(want, f.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	if data, err = w.encode(false); err != nil {
		t.Fatal(err)
	}
	var back weights
	if err := json.Unmarshal(data, &back); err != nil || back.Layers[0].W[1][2] != -0.5 {
		t.Errorf("%s, %v", data, err)
	}
}
