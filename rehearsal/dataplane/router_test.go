package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

type routed struct {
	ca     *authority
	router *Router
	plain  string
	secure string
}

func newRouted(t *testing.T, routes ...Route) *routed {
	t.Helper()
	one := &routed{ca: newAuthority(t), router: NewRouter(), plain: free(t), secure: free(t)}
	one.apply(t, routes...)
	go func() { _ = one.router.ServePlain(one.plain) }()
	go func() { _ = one.router.ServeTLS(one.secure) }()
	waitFor(t, one.plain)
	waitFor(t, one.secure)
	return one
}

func (r *routed) apply(t *testing.T, routes ...Route) {
	t.Helper()
	config := Config{Certificate: r.ca.issue(t, "*.apps.test"), ServiceCA: r.ca.pem, Routes: routes}
	if err := r.router.Apply(config); err != nil {
		t.Fatal(err)
	}
}

// client reaches every host through the router, as name resolution would have it.
func (r *routed) client() *http.Client {
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		target := r.plain
		if strings.HasSuffix(address, ":443") {
			target = r.secure
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", target)
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: r.ca.pool()}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func waitFor(t *testing.T, address string) {
	t.Helper()
	for range 1000 {
		if conn, err := net.Dial("tcp4", address); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("%s does not listen", address)
}

func application(t *testing.T, name string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s %s %s", name, r.URL.Path, r.Host, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-Port"))
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func secureApplication(t *testing.T, certificate Pair, answer string) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.load(t)}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func route(name, host, path, termination string, endpoints ...string) Route {
	backend := Backend{Service: "ns/svc", ServerName: "svc.ns.svc", Weight: 100, Endpoints: endpoints}
	return Route{Name: name, Host: host, Path: path, Termination: termination, Backends: []Backend{backend}}
}

func TestEdgeServesTheLongestPathAndTellsTheApplicationAboutTheClient(t *testing.T) {
	r := newRouted(t,
		route("ns/all", "a.apps.test", "", "edge", application(t, "all")),
		route("ns/part", "a.apps.test", "/part", "edge", application(t, "part")))
	for path, want := range map[string]string{"/": "all / ", "/part": "part /part ", "/part/x": "part /part/x ", "/party": "all /party "} {
		if _, body := ask(t, r.client(), "https://a.apps.test"+path); body != want+"a.apps.test https 443" {
			t.Errorf("%s: got %q, want %q", path, body, want)
		}
	}
}

func TestInsecureTrafficIsRedirectedAllowedOrRefused(t *testing.T) {
	app := application(t, "app")
	redirect, allow, none := route("ns/r", "r.apps.test", "", "edge", app), route("ns/a", "a.apps.test", "", "edge", app), route("ns/n", "n.apps.test", "", "edge", app)
	redirect.Insecure, allow.Insecure = "Redirect", "Allow"
	r := newRouted(t, redirect, allow, none, route("ns/p", "p.apps.test", "", "", app))
	answer, err := r.client().Get("http://r.apps.test/x?y=1")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 302 || answer.Header.Get("Location") != "https://r.apps.test/x?y=1" {
		t.Errorf("got %s to %s", answer.Status, answer.Header.Get("Location"))
	}
	for where, want := range map[string]int{"http://a.apps.test/": 200, "http://n.apps.test/": 503, "http://p.apps.test/": 200, "https://p.apps.test/": 503} {
		if code, body := ask(t, r.client(), where); code != want {
			t.Errorf("%s: got %d %s, want %d", where, code, body, want)
		}
	}
}

func TestReencryptVerifiesTheServiceNameOrTheRoutesOwnAuthority(t *testing.T) {
	r := newRouted(t)
	stranger := newAuthority(t)
	good := route("ns/good", "good.apps.test", "", "reencrypt", secureApplication(t, r.ca.issue(t, "svc.ns.svc"), "good"))
	name := route("ns/name", "name.apps.test", "", "reencrypt", secureApplication(t, r.ca.issue(t, "other.ns.svc"), "name"))
	foreign := secureApplication(t, stranger.issue(t, "any"), "foreign")
	unknown, own := route("ns/unknown", "unknown.apps.test", "", "reencrypt", foreign), route("ns/own", "own.apps.test", "", "reencrypt", foreign)
	own.DestinationCA = stranger.pem
	r.apply(t, good, name, unknown, own)
	for host, want := range map[string]int{"good": 200, "name": 503, "unknown": 503, "own": 200} {
		if code, body := ask(t, r.client(), "https://"+host+".apps.test/"); code != want {
			t.Errorf("%s: got %d %s, want %d", host, code, body, want)
		}
	}
}

func TestPassthroughLeavesTLSAlone(t *testing.T) {
	r := newRouted(t)
	other := newAuthority(t)
	r.apply(t, route("ns/p", "p.apps.test", "", "passthrough", secureApplication(t, other.issue(t, "p.apps.test"), "inside")))
	r.ca = other // the application's certificate reaches the client
	if code, body := ask(t, r.client(), "https://p.apps.test/"); code != 200 || body != "inside" {
		t.Errorf("got %d %s", code, body)
	}
}

func TestUnavailablePageNamesWhatIsMissing(t *testing.T) {
	r := newRouted(t, route("ns/empty", "empty.apps.test", "", "edge"))
	for where, want := range map[string]string{
		"https://empty.apps.test/": "Route ns/empty: Service ns/svc has no ready endpoints",
		"https://no.apps.test/":    "no Route for host no.apps.test",
		"http://no.apps.test/":     "no Route for host no.apps.test",
	} {
		code, body := ask(t, r.client(), where)
		if code != 503 || !strings.Contains(body, want) || !strings.Contains(body, "Application is not available") {
			t.Errorf("%s: got %d %s, want %q", where, code, body, want)
		}
	}
}

func TestUpgradePassesThroughTheRouter(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, _ := http.NewResponseController(w).Hijack()
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
		line, _ := buffered.ReadString('\n')
		fmt.Fprintf(conn, "echo %s", line)
	}))
	defer server.Close()
	r := newRouted(t, route("ns/ws", "ws.apps.test", "", "edge", server.Listener.Addr().String()))
	conn, err := tls.Dial("tcp", r.secure, &tls.Config{RootCAs: r.ca.pool(), ServerName: "ws.apps.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: ws.apps.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != 101 {
		t.Fatalf("got %v %v", answer, err)
	}
	fmt.Fprint(conn, "hello\n")
	if line, _ := reader.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("got %q", line)
	}
}

func TestProxyReachesRoutesOnly(t *testing.T) {
	r := newRouted(t, route("ns/a", "a.apps.test", "", "edge", application(t, "a")), route("ns/p", "p.apps.test", "", "", application(t, "p")))
	proxy := httptest.NewServer(NewProxy(func() string { return "apps.test" }, r.plain, r.secure))
	defer proxy.Close()
	address, _ := url.Parse(proxy.URL)
	through := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: r.ca.pool()}}}
	if _, body := ask(t, through, "https://a.apps.test/x"); body != "a /x a.apps.test https 443" {
		t.Errorf("CONNECT: got %q", body)
	}
	if _, body := ask(t, through, "http://p.apps.test/x"); body != "p /x p.apps.test http 80" {
		t.Errorf("plain: got %q", body)
	}
	if code, body := ask(t, through, "http://example.com/"); code != 403 || !strings.Contains(body, "this proxy reaches Routes only") {
		t.Errorf("elsewhere: got %d %s", code, body)
	}
	for _, where := range []string{"https://example.com/", "https://a.apps.test:6443/", "https://apps.test/", "https://127.0.0.1/"} {
		if answer, err := through.Get(where); err == nil || !strings.Contains(err.Error(), "Forbidden") {
			t.Errorf("%s: got %v %v, want Forbidden", where, answer, err)
		}
	}
}

func TestServicesBalanceFollowEndpointsAndRefuseWithoutAny(t *testing.T) {
	services, address := NewServices(), free(t)
	get := func() string {
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := c.Get("http://" + address + "/")
		if err != nil {
			return "refused"
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return strings.Fields(string(body))[0]
	}
	one, two := application(t, "one"), application(t, "two")
	services.Apply([]Service{{Name: "ns/svc:80", Address: address, Endpoints: []string{one, two, free(t)}}})
	seen := map[string]int{}
	for range 12 {
		seen[get()]++
	}
	if seen["one"] < 4 || seen["two"] < 4 || seen["refused"] > 0 {
		t.Errorf("not balanced over what accepts: %v", seen)
	}
	services.Apply([]Service{{Name: "ns/svc:80", Address: address, Endpoints: []string{two}}})
	if got := get(); got != "two" {
		t.Errorf("got %s after the endpoints changed", got)
	}
	services.Apply([]Service{{Name: "ns/svc:80", Address: address}})
	if got := get(); got != "refused" {
		t.Errorf("got %s without endpoints", got)
	}
}
