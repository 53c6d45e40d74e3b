package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// frontWithUpstream is a front before a server that answers with the identity headers it saw.
func frontWithUpstream(t *testing.T) (string, *authority, *Front, *Faults) {
	t.Helper()
	ca, folder := newAuthority(t), t.TempDir()
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := map[string]any{"user": r.Header.Get("X-Remote-User"), "groups": r.Header["X-Remote-Group"],
			"extra": r.Header.Get("X-Remote-Extra-Scopes"), "token": r.Header.Get("Authorization"),
			"certificate": len(r.TLS.PeerCertificates) > 0, "path": r.URL.Path}
		_ = json.NewEncoder(w).Encode(seen)
	}))
	upstream.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, Certificates: []tls.Certificate{ca.issue(t, "localhost").load(t)}}
	upstream.StartTLS()
	t.Cleanup(upstream.Close)
	ca.issue(t, "localhost").write(t, folder, "api-front-server")
	ca.issue(t, "api-front").write(t, folder, "api-front")
	if err := os.WriteFile(filepath.Join(folder, "ca.crt"), []byte(ca.pem), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(upstream.Listener.Addr().String())
	faults := &Faults{file: filepath.Join(folder, "faults.json")}
	platform, err := listenUnix(filepath.Join(folder, "platform.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { platform.Close() })
	go func() {
		_ = http.Serve(platform, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "platform for %s", r.Header.Get("X-Remote-User"))
		}))
	}()
	front, err := NewFront(folder, "localhost:"+port, filepath.Join(folder, "platform.sock"), faults)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() { _ = front.Serve(listener) }()
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return "https://localhost:" + port, ca, front, faults
}

func client(ca *authority, certificates ...tls.Certificate) *http.Client {
	config := &tls.Config{RootCAs: ca.pool(), Certificates: certificates}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DisableKeepAlives: true}}
}

func ask(t *testing.T, c *http.Client, url string, headers ...string) (int, string) {
	t.Helper()
	request, _ := http.NewRequest(http.MethodGet, url, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	answer, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

func TestCertificateBecomesIdentityHeaders(t *testing.T) {
	url, ca, _, _ := frontWithUpstream(t)
	_, body := ask(t, client(ca, ca.issue(t, "admin", "system:masters", "others").load(t)), url+"/api")
	want := `{"certificate":true,"extra":"","groups":["others","system:masters"],"path":"/api","token":"","user":"admin"}`
	if strings.TrimSpace(body) != want {
		t.Errorf("upstream saw %s, want %s", body, want)
	}
}

func TestClaimedIdentityIsRemovedAndTokensPass(t *testing.T) {
	url, ca, _, _ := frontWithUpstream(t)
	_, body := ask(t, client(ca), url+"/api", "X-Remote-User", "admin", "X-Remote-Group", "system:masters",
		"X-Remote-Extra-Scopes", "all", "Authorization", "Bearer abc")
	want := `{"certificate":false,"extra":"","groups":null,"path":"/api","token":"Bearer abc","user":""}`
	if strings.TrimSpace(body) != want {
		t.Errorf("upstream saw %s, want %s", body, want)
	}
}

func TestCertificateOfAnotherAuthorityIsRefused(t *testing.T) {
	url, ca, _, _ := frontWithUpstream(t)
	stranger := newAuthority(t).issue(t, "admin", "system:masters").load(t)
	if answer, err := client(ca, stranger).Get(url + "/api"); err == nil {
		answer.Body.Close()
		t.Errorf("got %s, want a refused handshake", answer.Status)
	}
}

func TestWellKnownIsServedOnlyWhereThereIsIntegratedLogin(t *testing.T) {
	url, ca, front, _ := frontWithUpstream(t)
	if code, body := ask(t, client(ca), url+wellKnownPath); code != 404 {
		t.Errorf("without metadata: got %d %s", code, body)
	}
	front.SetWellKnown(json.RawMessage(`{"issuer":"x"}`))
	if _, body := ask(t, client(ca), url+wellKnownPath); body != `{"issuer":"x"}` {
		t.Errorf("got %s", body)
	}
	front.SetWellKnown(json.RawMessage(`null`))
	if _, body := ask(t, client(ca), url+wellKnownPath); body == `{"issuer":"x"}` {
		t.Error("metadata outlived its end")
	}
}

func TestOverlaidPathsGoToThePlatformWithTheIdentity(t *testing.T) {
	url, ca, front, _ := frontWithUpstream(t)
	front.SetOverlays([]string{"/apis/x/v1/tokens", "/apis/x/v1/users/~"})
	admin := client(ca, ca.issue(t, "admin").load(t))
	for path, overlaid := range map[string]bool{"/apis/x/v1/tokens": true, "/apis/x/v1/tokens/a": true,
		"/apis/x/v1/users/~": true, "/apis/x/v1/users": false, "/apis/x/v1/tokensandmore": false} {
		if _, body := ask(t, admin, url+path, "X-Remote-User", "liar"); (body == "platform for admin") != overlaid {
			t.Errorf("%s: got %s", path, body)
		}
	}
}

func TestFaultsAnswerWithTheirCode(t *testing.T) {
	url, ca, _, faults := frontWithUpstream(t)
	for _, code := range []int{429, 500, 503} {
		switchTo(t, faults, fmt.Sprintf(`{"api-errors": {"share": "1", "code": "%d"}}`, code))
		got, body := ask(t, client(ca), url+"/api")
		if got != code || !strings.Contains(body, `"kind":"Status"`) {
			t.Errorf("got %d %s, want %d and a Status", got, body, code)
		}
	}
	switchTo(t, faults, `{"api-errors": {"share": 1, "code": "refuse"}}`)
	if answer, err := client(ca).Get(url + "/api"); err == nil {
		answer.Body.Close()
		t.Errorf("got %s, want a dropped connection", answer.Status)
	}
	switchTo(t, faults, `{}`)
	if got, _ := ask(t, client(ca), url+"/api"); got != 200 {
		t.Errorf("got %d after the fault was off", got)
	}
}

// switchTo replaces the file in one step, as the command does.
func switchTo(t *testing.T, faults *Faults, content string) {
	t.Helper()
	draft := faults.file + ".draft"
	if err := os.WriteFile(draft, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, faults.file); err != nil {
		t.Fatal(err)
	}
}
