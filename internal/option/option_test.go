package option

import (
	"errors"
	"testing"
)

var options = []Option{
	Int("steps", "20", 1, 100, ""),
	Float("rate", "0.1", 0, 1, ""),
	Choice("mode", "hard", []string{"hard", "soft"}, ""),
	Switch("clamp", "no", ""),
	Int("limit", "all", 1, 10, ""),
	Text("file", "-", "a file", ""),
}

func TestReadChecksAndFillsIn(t *testing.T) {
	v, err := Read(options, map[string]string{"steps": "007", "rate": "0.10", "clamp": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if v.Int("steps", 0) != 7 || v.Float("rate") != 0.1 || v.Text("mode") != "hard" || !v.On("clamp") || v.Int("limit", -1) != -1 {
		t.Errorf("read %v", v)
	}
	if g := v.Given(); len(g) != 2 || g["steps"] != "7" || g["clamp"] != "yes" {
		t.Errorf("given %v: defaults, however written, do not count", g)
	}
	if v, err := Read(options, map[string]string{"limit": "all"}); err != nil || v.Int("limit", 5) != 5 {
		t.Errorf("the word of a default may be given: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, value string
		unknown     bool
	}{
		{"stepz", "1", true}, {"steps", "0", false}, {"steps", "1.5", false}, {"rate", "NaN", false},
		{"rate", "2", false}, {"mode", "loud", false}, {"clamp", "maybe", false}, {"file", "a\nb", false},
	} {
		_, err := Read(options, map[string]string{c.name: c.value, "zzz": "1"})
		var e *Error
		if !errors.As(err, &e) || e.Name != c.name || e.Unknown != c.unknown {
			t.Errorf("%s=%q: %v", c.name, c.value, err)
		}
	}
}
