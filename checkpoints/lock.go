package checkpoints

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// Owner is the process that works on a run.
type Owner struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
}

// lock is a held lock. The operating system releases it when the process
// ends, however it ends, so there are no stale locks.
type lock struct{ f *os.File }

// acquire locks the run in dir or says who holds it.
func acquire(dir string) (*lock, error) {
	path := filepath.Join(dir, lockName)
	f, busy, err := openLocked(path)
	if err != nil {
		return nil, writeError(path, err)
	}
	if busy {
		e := &ErrLocked{Dir: dir}
		if data, err := (osDisk{}).ReadFile(path, 4096); err == nil && json.Unmarshal(data, &e.Owner) != nil {
			e.Owner = Owner{}
		}
		return nil, e
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	text, err := json.Marshal(Owner{os.Getpid(), host, time.Now().Truncate(time.Second)})
	if err == nil {
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteAt(append(text, '\n'), 0)
		}
	}
	if err != nil {
		f.Close()
		return nil, writeError(path, err)
	}
	return &lock{f}, nil
}

func (l *lock) release() error { return l.f.Close() }
