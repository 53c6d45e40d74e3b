package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// Proxy is the HTTP proxy for the machine outside; it reaches Routes and nothing else.
type Proxy struct {
	domain     func() string
	plain, tls string // the router's addresses
	forward    http.Handler
}

// NewProxy forwards hosts under the domain to the router.
func NewProxy(domain func() string, plain, tls string) *Proxy {
	router := &url.URL{Scheme: "http", Host: plain}
	return &Proxy{domain: domain, plain: plain, tls: tls, forward: &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			host := request.In.URL.Host
			request.SetURL(router)
			request.Out.URL.Path, request.Out.URL.RawPath = request.In.URL.Path, request.In.URL.RawPath
			request.Out.Host = host
		},
		Transport:     &http.Transport{DisableCompression: true, IdleConnTimeout: time.Minute},
		FlushInterval: -1,
		ErrorLog:      quiet(),
	}}
}

// Serve answers on the listener until it fails.
func (p *Proxy) Serve(listener net.Listener) error {
	return (&http.Server{Handler: p, ReadHeaderTimeout: 30 * time.Second, ErrorLog: quiet()}).Serve(listener)
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		p.connect(w, r)
		return
	}
	if r.URL.Scheme != "http" || !p.allowed(r.URL.Host, "80") {
		p.forbid(w, r.URL.Host)
		return
	}
	p.forward.ServeHTTP(w, r)
}

// allowed says whether the host is under the domain of Routes and the port is one of these.
func (p *Proxy) allowed(hostport string, ports ...string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = hostport, "80"
	}
	domain := p.domain()
	if domain == "" || !strings.HasSuffix(strings.ToLower(host), "."+domain) {
		return false
	}
	for _, each := range ports {
		if port == each {
			return true
		}
	}
	return false
}

func (p *Proxy) forbid(w http.ResponseWriter, host string) {
	message := fmt.Sprintf("this proxy reaches Routes only: '%s' is not *.%s on port 80 or 443", host, p.domain())
	http.Error(w, message, http.StatusForbidden)
}

func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	if !p.allowed(r.Host, "80", "443") {
		p.forbid(w, r.Host)
		return
	}
	target := p.plain
	if strings.HasSuffix(r.Host, ":443") {
		target = p.tls
	}
	upstream, err := net.DialTimeout("tcp", target, dialTimeout)
	if err != nil {
		http.Error(w, fmt.Sprintf("router: %v", err), http.StatusBadGateway)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		upstream.Close()
		return
	}
	if _, err := client.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		upstream.Close()
		client.Close()
		return
	}
	join(withPrefix(client, buffered), upstream)
}
