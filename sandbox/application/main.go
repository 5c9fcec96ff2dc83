// Copyright: xaheen.runbook contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command application stands in for the enterprise application of the runbook. It does what operators depend on and
// nothing else: it logs in to Vault with its own service account, reads its secrets, keeps a connection to PostgreSQL
// and Redis, and answers /health, /ready, /startup and /metrics.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	retryDelay   = 2 * time.Second
	drainTimeout = 10 * time.Second
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	settings, err := settingsFromEnvironment()
	if err != nil {
		slog.Error("the settings are not usable", "error", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	state := &state{version: settings.version}
	servers := []*http.Server{
		{Addr: settings.address, Handler: state.routes(), ReadHeaderTimeout: 5 * time.Second},
		{Addr: settings.metricsAddress, Handler: state.metricsRoutes(), ReadHeaderTimeout: 5 * time.Second},
	}
	for _, server := range servers {
		go func() {
			if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
				slog.Error("the server ended", "address", server.Addr, "error", err)
				os.Exit(1)
			}
		}()
	}
	go state.connectForever(ctx, settings)

	<-ctx.Done()
	state.drain()
	drained, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	for _, server := range servers {
		_ = server.Shutdown(drained)
	}
}
