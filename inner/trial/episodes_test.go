package trial

import (
	"errors"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

type rewound struct {
	tasks.Episode
	starts, rewinds int
}

func (r *rewound) Rewind() { r.rewinds++ }

type startable struct{ started int }

func (s *startable) Info() tasks.Info { return tasks.Info{} }

func (s *startable) Start(key.Key) (tasks.Episode, error) {
	s.started++
	return &rewound{starts: s.started}, nil
}

type broken struct{ *startable }

func (b broken) Start(key.Key) (tasks.Episode, error) { return &rewound{}, errors.New("no data") }

// uncomparable cannot be a key.
type uncomparable struct {
	*startable
	_ []int
}

// The last episodes are lived again, those used longest ago forgotten.
func TestEpisodes(t *testing.T) {
	var e episodes
	task, other := &startable{}, &startable{}
	live := func(task tasks.Task, seed uint64) *rewound {
		x, err := e.start(task, key.Root(seed))
		if err != nil {
			t.Fatal(err)
		}
		return x.(*rewound)
	}
	first := live(task, 0)
	if live(other, 0) == first || live(task, 1) == first {
		t.Fatal("another task or key has the same episode")
	}
	for seed := range uint64(cachedEpisodes - 2) {
		live(other, 100+seed)
		if live(task, 0) != first {
			t.Fatalf("forgotten after %d others although used in between", seed+3)
		}
	}
	if first.rewinds != cachedEpisodes-2 {
		t.Errorf("%d rewinds", first.rewinds)
	}
	for seed := range uint64(cachedEpisodes) {
		live(other, 200+seed)
	}
	if live(task, 0) == first {
		t.Error("never forgotten")
	}
	if _, err := e.start(broken{task}, key.Root(0)); err == nil || e.kept[0].task == (broken{task}) {
		t.Error("a failure is remembered")
	}
	before := e.kept[0]
	live(uncomparable{startable: task}, 0)
	if e.kept[0] != before {
		t.Error("a task that cannot be compared is remembered")
	}
}
