package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/outer"
)

// runLog writes what happens to a run into its log.jsonl.
type runLog struct{ z *zap.Logger }

// openLog opens the log of the run in dir for more.
func openLog(dir string) (*runLog, func(), error) {
	path := filepath.Join(dir, "log.jsonl")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write %s: %s", path, cause(err))
	}
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey, enc.EncodeTime = "time", zapcore.RFC3339TimeEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(enc), zapcore.AddSync(f), zap.InfoLevel)
	// A log that cannot be written must not disturb the search.
	z := zap.New(core, zap.ErrorOutput(zapcore.AddSync(io.Discard)))
	return &runLog{z}, func() {
		_ = z.Sync()
		_ = f.Close()
	}, nil
}

func (l *runLog) start(m checkpoints.Manifest, s *search, known int) {
	l.z.Info("start", zap.String("run", m.ID), zap.Uint64("seed", m.Seed), zap.String("program", thisVersion().Version),
		zap.String("numerics", m.Numerics), zap.Int("workers", s.plan.Workers), zap.Int("budget", s.plan.Evaluations),
		zap.Int("outcomes_known", known))
}

func (l *runLog) progress(p outer.Progress) {
	l.z.Info("progress", zap.String("phase", string(p.Phase)), zap.String("method", p.Method), zap.String("status", p.Status),
		zap.Int("evaluations", p.Evaluations), zap.Int("unique", p.Unique), zap.Int("cached", p.Cached), zap.Int("trials", p.Trials),
		zap.Any("failed", p.Failed))
}

func (l *runLog) best(r outer.Result, evaluations int) {
	l.z.Info("best", zap.Float64("score", r.Score), zap.Int("size", r.Complexity), zap.Int("evaluations", evaluations),
		zap.String("rule", r.Rule.CanonicalText()), zap.String("dw", r.Rule.DW.String()), zap.String("params", outer.FormatParams(r.Rule)), zap.String("digest", r.Digest))
}

func (l *runLog) fail(err error) { l.z.Error("failed", zap.Error(err)) }

func (l *runLog) end(r *outer.Report) {
	l.z.Info("end", zap.String("reason", string(r.Reason)), zap.Int("evaluations", r.Evaluations), zap.Int("unique", r.Unique),
		zap.Int("cached", r.Cached), zap.Int("trials", r.Trials), zap.Any("failed", r.Failed), zap.Int("rows", len(r.Front)))
}
