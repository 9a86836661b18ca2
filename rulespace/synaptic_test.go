package rulespace_test

import (
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace"
)

// Counted by hand.
func TestSynapticCost(t *testing.T) {
	for text, want := range map[string]float64{
		"lr*post":                              0,             // a value of the unit
		"lr*pre*post":                          1,             // (lr·post) × pre
		"lr*pre*post*w":                        2,             // (lr·pre) × post × w
		"lr*post*(pre - post*w)":               3,             // post × w, pre −, × (lr·post)
		"pre + post + pre_trace + post_trace":  1,             // (pre + pre_trace) + (post + post_trace)
		"pre + post + 1":                       1,             // 1 joins either
		"w + 1":                                1,             //
		"w*reward*lr":                          1,             // w × (reward·lr)
		"pre*post - w*(pre*post)":              4,             // pre × post, w × pre × post, −
		"tanh(pre)*post":                       1,             // tanh is of the unit
		"tanh(pre*post)":                       1 + 15,        // here it is not
		"tanh(pre*post) + tanh(pre*post)":      1 + 15 + 1,    // once
		"max(w, 0) + square(w - pre)":          1 + 1 + 1 + 1, // max, −, square, +
		"lr*(err*pre + 0.5*err*err_pre - w*w)": 1 + 1 + 1 + 2 + 1,
	} {
		r, err := rulespace.ParseRule("dw: " + strings.ReplaceAll(text, "lr", "0.1"))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.SynapticCost(); got != want {
			t.Errorf("%s costs %v, want %v", text, got, want)
		}
	}
	r, err := rulespace.ParseRule("dw: lr*pre*post; db: tanh(post); dfb: lr*pre*post - 0.1*w", rulespace.Param{Name: "lr", Value: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.SynapticCost(); got != 1+3 { // the product again; 0.1·w and −
		t.Errorf("with feedback weights %v, want 4", got)
	}
}
