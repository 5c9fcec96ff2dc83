// Copyright: xaheen.runbook contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"
)

const pingTimeout = 2 * time.Second

var (
	requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total", Help: "Requests answered, by path and status.",
	}, []string{"path", "status"})
	dependencyUp = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "application_dependency_up", Help: "Whether a dependency answered its last check.",
	}, []string{"dependency"})
)

func init() { prometheus.MustRegister(requests, dependencyUp) }

// state is what the probes report. Database and cache are nil until the secrets were read.
type state struct {
	version  string
	mu       sync.RWMutex
	database *pgxpool.Pool
	cache    *redis.Client
	draining bool
}

// connectForever tries until the secrets are read and both stores answer; afterwards the drivers reconnect themselves.
func (s *state) connectForever(ctx context.Context, settings settings) {
	for ctx.Err() == nil {
		err := s.connect(ctx, settings)
		if err == nil {
			slog.Info("connected", "database", settings.vault.database, "cache", settings.vault.redis)
			return
		}
		slog.Warn("not connected yet", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(retryDelay):
		}
	}
}

func (s *state) connect(ctx context.Context, settings settings) error {
	vault, err := newVaultClient(settings.vault)
	if err != nil {
		return err
	}
	token, err := vault.login(ctx)
	if err != nil {
		return err
	}
	databaseSecret, err := vault.read(ctx, token, settings.vault.database)
	if err != nil {
		return err
	}
	cacheSecret, err := vault.read(ctx, token, settings.vault.redis)
	if err != nil {
		return err
	}
	database, err := pgxpool.New(ctx, databaseURL(databaseSecret))
	if err != nil {
		return fmt.Errorf("the secret %s describes no usable database", settings.vault.database)
	}
	cache := redis.NewClient(&redis.Options{
		Addr: net.JoinHostPort(cacheSecret["host"], cacheSecret["port"]), Password: cacheSecret["password"],
	})
	s.mu.Lock()
	s.database, s.cache = database, cache
	s.mu.Unlock()
	return nil
}

func databaseURL(secret map[string]string) string {
	address := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(secret["username"], secret["password"]),
		Host:   net.JoinHostPort(secret["host"], secret["port"]),
		Path:   secret["database"],
	}
	return address.String()
}

func (s *state) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
}

func (s *state) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", s.answer("/health", func(context.Context) error { return nil }))
	mux.HandleFunc("GET /startup", s.answer("/startup", func(context.Context) error { return s.started() }))
	mux.HandleFunc("GET /ready", s.answer("/ready", s.ready))
	return mux
}

func (s *state) metricsRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.Handler())
	return mux
}

func (s *state) answer(path string, check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, text := http.StatusOK, "ok"
		if err := check(r.Context()); err != nil {
			status, text = http.StatusServiceUnavailable, err.Error()
		}
		requests.WithLabelValues(path, http.StatusText(status)).Inc()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, "{\"status\":%q,\"version\":%q}\n", text, s.version)
	}
}

func (s *state) started() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.database == nil {
		return fmt.Errorf("the secrets were not read yet")
	}
	return nil
}

func (s *state) ready(ctx context.Context) error {
	if err := s.started(); err != nil {
		return err
	}
	s.mu.RLock()
	database, cache, draining := s.database, s.cache, s.draining
	s.mu.RUnlock()
	if draining {
		return fmt.Errorf("the application is shutting down")
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := report("database", database.Ping(ctx)); err != nil {
		return err
	}
	return report("cache", cache.Ping(ctx).Err())
}

// report records the answer of a dependency. Drivers put the connection's user and host in their errors, so only the
// dependency's name is passed on.
func report(dependency string, err error) error {
	if err != nil {
		dependencyUp.WithLabelValues(dependency).Set(0)
		slog.Warn("a dependency does not answer", "dependency", dependency)
		return fmt.Errorf("the %s does not answer", dependency)
	}
	dependencyUp.WithLabelValues(dependency).Set(1)
	return nil
}
