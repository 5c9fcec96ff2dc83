// Copyright: xaheen.runbook contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// settings is everything the application is told from outside. No secret is among it: those come from Vault.
type settings struct {
	version        string
	address        string
	metricsAddress string
	vault          vaultSettings
}

type vaultSettings struct {
	address    string
	caFile     string
	serverName string
	authPath   string
	role       string
	tokenFile  string
	mount      string
	database   string
	redis      string
}

func settingsFromEnvironment() (settings, error) {
	host := os.Getenv("BIND_ADDRESS")
	s := settings{
		version:        value("APP_VERSION", "unknown"),
		address:        net.JoinHostPort(host, value("PORT", "3000")),
		metricsAddress: net.JoinHostPort(host, value("METRICS_PORT", "9090")),
		vault: vaultSettings{
			address:    strings.TrimRight(os.Getenv("VAULT_ADDR"), "/"),
			caFile:     os.Getenv("VAULT_CACERT"),
			serverName: os.Getenv("VAULT_TLS_SERVER_NAME"),
			authPath:   value("VAULT_AUTH_PATH", "kubernetes"),
			role:       os.Getenv("VAULT_ROLE"),
			tokenFile:  os.Getenv("VAULT_TOKEN_FILE"),
			mount:      value("VAULT_KV_MOUNT", "secret"),
			database:   os.Getenv("VAULT_DATABASE_SECRET"),
			redis:      os.Getenv("VAULT_REDIS_SECRET"),
		},
	}
	required := map[string]string{
		"VAULT_ADDR": s.vault.address, "VAULT_ROLE": s.vault.role, "VAULT_TOKEN_FILE": s.vault.tokenFile,
		"VAULT_DATABASE_SECRET": s.vault.database, "VAULT_REDIS_SECRET": s.vault.redis,
	}
	for name, got := range required {
		if got == "" {
			return s, fmt.Errorf("%s is not set", name)
		}
	}
	return s, nil
}

func value(name, fallback string) string {
	if got := os.Getenv(name); got != "" {
		return got
	}
	return fallback
}
