//go:build !linux

package bench

import "time"

// Clock names the clock of the processor, for which that on the wall stands
// here.
const Clock = "wall"

func threadTime() time.Duration  { return time.Since(epoch) }
func processTime() time.Duration { return time.Since(epoch) }

var epoch = time.Now()
