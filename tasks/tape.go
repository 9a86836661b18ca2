package tasks

import "github.com/metaplast/metaplast/rulespace/key"

// tapeFloats bounds what an episode remembers of its samples.
const tapeFloats = 1 << 18

// tape keeps the samples that an episode drew, so that a second life need not
// draw them again. The first life is not recorded: most are lived once.
type tape struct {
	key    key.Key
	stream *key.Stream // stands behind the last sample drawn
	width  int         // floats of a sample
	floats []float32   // room for samples
	drawn  int         // samples recorded
	at     int         // samples played in this life
	last   []float32   // a sample there is no room for
}

func newTape(k key.Key, width int) tape {
	return tape{key: k, stream: k.Stream(), width: width, last: make([]float32, width)}
}

// next returns the next sample. Unless it is known, the caller has to fill it
// from the stream.
func (t *tape) next() (sample []float32, known bool) {
	from := t.at * t.width
	t.at++
	if from+t.width > len(t.floats) {
		return t.last, false
	}
	sample = t.floats[from : from+t.width]
	if t.at <= t.drawn {
		return sample, true
	}
	t.drawn = t.at
	return sample, false
}

// rewind goes back to the first sample. After a life that was longer than the
// tape, the stream starts again, and there is room for that many samples.
func (t *tape) rewind() {
	if t.at*t.width > len(t.floats) {
		t.stream, t.drawn, t.floats = t.key.Stream(), 0, nil
		if n := t.at * t.width; n <= tapeFloats {
			t.floats = make([]float32, n)
		}
	}
	t.at = 0
}

// exam keeps the samples of a score that an episode draws from a stream.
type exam struct{ x, y []float32 }

// exams are those of Validation (and Train) and of Test.
type exams [2]exam

// of returns the exam of a split, its label as a key, and whether it is new
// and has to be filled.
func (e *exams) of(s Split, n, in, out int) (x *exam, label string, fresh bool) {
	x, label = &e[0], "validation"
	if s == Test {
		x, label = &e[1], "test"
	}
	if x.x != nil {
		return x, label, false
	}
	drawn := exam{make([]float32, n*in), make([]float32, n*out)}
	if len(drawn.x)+len(drawn.y) > tapeFloats {
		return &drawn, label, true
	}
	*x = drawn
	return x, label, true
}
