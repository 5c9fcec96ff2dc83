// Copyright: xaheen.runbook contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// vaultClient reads secrets with the rights of the pod's own service account.
type vaultClient struct {
	settings vaultSettings
	http     *http.Client
}

func newVaultClient(s vaultSettings) (*vaultClient, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if s.caFile != "" {
		pem, err := os.ReadFile(s.caFile)
		if err != nil {
			return nil, err
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", s.caFile)
		}
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: roots, ServerName: s.serverName, MinVersion: tls.VersionTLS12,
	}}
	return &vaultClient{s, &http.Client{Transport: transport, Timeout: 10 * time.Second}}, nil
}

// login exchanges the projected service-account token for a Vault token. The file is read each time, because the
// kubelet replaces the token before it expires.
func (c *vaultClient) login(ctx context.Context) (string, error) {
	jwt, err := os.ReadFile(c.settings.tokenFile)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"role": c.settings.role, "jwt": strings.TrimSpace(string(jwt))})
	if err != nil {
		return "", err
	}
	var answer struct {
		Auth struct {
			ClientToken string `json:"client_token"`
		} `json:"auth"`
	}
	path := "auth/" + c.settings.authPath + "/login"
	if err := c.call(ctx, http.MethodPost, path, "", bytes.NewReader(body), &answer); err != nil {
		return "", err
	}
	return answer.Auth.ClientToken, nil
}

// read returns the newest version of a KV version 2 secret.
func (c *vaultClient) read(ctx context.Context, token, path string) (map[string]string, error) {
	var answer struct {
		Data struct {
			Data map[string]string `json:"data"`
		} `json:"data"`
	}
	full := c.settings.mount + "/data/" + path
	if err := c.call(ctx, http.MethodGet, full, token, nil, &answer); err != nil {
		return nil, err
	}
	return answer.Data.Data, nil
}

// call sends one request. Its errors name the path and the status, never what was sent or received.
func (c *vaultClient) call(ctx context.Context, method, path, token string, body *bytes.Reader, into any) error {
	if body == nil {
		body = bytes.NewReader(nil)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.settings.address+"/v1/"+path, body)
	if err != nil {
		return errors.New("VAULT_ADDR is no usable address")
	}
	if token != "" {
		request.Header.Set("X-Vault-Token", token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("vault answered %s for %s", response.Status, path)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
