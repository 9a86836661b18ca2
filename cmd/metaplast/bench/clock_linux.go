package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// Clock names the clock of the processor.
const Clock = "cpu"

func threadTime() time.Duration  { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }
func processTime() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err) // Linux has both
	}
	return time.Duration(t.Nano())
}
