package tasks

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Kind says what a task asks of a network.
type Kind uint8

const (
	Unsupervised   Kind = iota // inputs only
	Regression                 // inputs and target vectors
	Classification             // inputs and class labels, presented as one-hot targets
)

func (k Kind) String() string {
	return [...]string{"unsupervised", "regression", "classification"}[k]
}

// Split names the part of a task's data that a score is measured on.
// Searches see Validation only; Test is for the final report.
type Split uint8

const (
	Train Split = iota
	Validation
	Test
)

func (s Split) String() string { return [...]string{"train", "validation", "test"}[s] }

// Info describes a task.
type Info struct {
	Name    string // with its options, as a person would write it: "mnist:side=14"
	Kind    Kind
	In, Out int    // units of the input and output layers
	Metric  string // what Score.Raw is: "accuracy", "cos² − (|w|−1)²", …
	// Chance and Ceiling are the raw scores of guessing and of the best that
	// can be hoped for; Score.Value is 0 at the one and 1 at the other.
	Chance, Ceiling float64
	Steps           int // samples of one life by default
	TrainSize       int // samples per epoch; 0 for endless streams
	// ValidationSize and TestSize count the samples behind those scores; 0
	// where a score is exact, and for a validation part switched off (val=0),
	// whose scores are NaN.
	ValidationSize, TestSize int
	Height, Width            int      // of image inputs, 0 otherwise
	Classes                  []string // names of the classes, where they have names
}

// Task is something to learn. Tasks are immutable and safe for concurrent use.
type Task interface {
	Info() Info
	// Start begins a life: everything random about its data (which samples,
	// their order, a teacher) comes from k.
	Start(k key.Key) (Episode, error)
}

// Episode is the data of one life. It is used by one goroutine.
type Episode interface {
	// Next fills b with the next b.X.Rows training samples or fewer, and sets
	// b.N. An endless stream always fills the batch; a finite set starts its
	// next epoch, in a new order, when it is exhausted, and never mixes two
	// epochs in one batch. Next does not allocate.
	Next(b *Batch)
	// Score measures a trained model. A model whose outputs are not finite
	// scores as the worst; Score never returns a NaN Value for a split that
	// has samples.
	Score(m Model, s Split) Score
}

// Rewinder is implemented by episodes that can be lived again. After Rewind an
// episode gives the samples and scores that it gave from its start, for less
// than it costs to start another. Searches live the same episode with one
// rule after the other.
type Rewinder interface {
	Episode
	Rewind()
}

// Parted is implemented by episodes of streams that may come in parts.
type Parted interface {
	Episode
	// Parts returns the score on each part; one score where there are none.
	Parts(m Model, s Split) []Score
	// PartSteps is the number of training samples that each part takes; the
	// last one goes on as long as the life does.
	PartSteps() int
}

// Watcher is implemented by episodes that score a model while it learns.
// Watch is shown the model after every Next, before it learns from that batch,
// and must not change it. Score is then of what was watched since the start.
type Watcher interface {
	Episode
	Watch(b *Batch, m Model)
}

// Batch holds samples: row i of X is an input, of Y its target.
type Batch struct {
	N      int         // samples in use
	X      *vec.Matrix // capacity × In
	Y      *vec.Matrix // capacity × Out; nil for unsupervised tasks
	Labels []int       // class of each sample; only for classification
}

// NewBatch returns an empty batch for up to capacity samples of a task.
func NewBatch(info Info, capacity int) *Batch {
	b := &Batch{X: vec.New(capacity, info.In)}
	if info.Kind != Unsupervised {
		b.Y = vec.New(capacity, info.Out)
	}
	if info.Kind == Classification {
		b.Labels = make([]int, capacity)
	}
	return b
}

// Model is a trained network as a task sees it.
type Model interface {
	// Outputs returns the activities of the output layer for each row of x,
	// valid until the next call. x may have any number of rows.
	Outputs(x *vec.Matrix) *vec.Matrix
}

// Score is how well a model does.
type Score struct {
	Value    float64 // normalised: 0 at chance, 1 at the ceiling; may lie outside, not below −1
	Raw      float64 // in the unit of Info.Metric
	Accuracy float64 // fraction right; NaN where there are no classes
	Loss     float64 // mean loss: cross entropy or half squared error; NaN where undefined
}
