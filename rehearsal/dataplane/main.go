// The rehearsal's data plane: the API server's outside door, the HTTP proxy for Routes, the cluster IPs of
// Services and the router. It holds no knowledge of Kubernetes: the platform tells it what to forward where.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

const (
	apiServer  = "127.0.0.1:6443"
	routerHTTP = "10.128.0.2:80"
	routerTLS  = "10.128.0.2:443"
)

func main() {
	root := flag.String("root", "", "state folder of the rehearsal")
	apiFD := flag.Int("api-fd", -1, "inherited listening socket for the API server")
	proxyFD := flag.Int("proxy-fd", -1, "inherited listening socket for the HTTP proxy")
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.LUTC)
	if err := run(*root, *apiFD, *proxyFD); err != nil {
		log.Fatal(err)
	}
}

func run(root string, apiFD, proxyFD int) error {
	api, err := inherited(apiFD, "api-fd")
	if err != nil {
		return err
	}
	outside, err := inherited(proxyFD, "proxy-fd")
	if err != nil {
		return err
	}
	faults := &Faults{file: filepath.Join(root, "faults.json")}
	front, err := NewFront(filepath.Join(root, "pki"), apiServer, filepath.Join(root, "run", "platform.sock"), faults)
	if err != nil {
		return err
	}
	plane := &Plane{Front: front, Services: NewServices(), Router: NewRouter()}
	failed := make(chan error, 5)
	go func() { failed <- front.Serve(api) }()
	go func() { failed <- NewProxy(plane.AppsDomain, routerHTTP, routerTLS).Serve(outside) }()
	go func() { failed <- plane.Router.ServePlain(routerHTTP) }()
	go func() { failed <- plane.Router.ServeTLS(routerTLS) }()
	control, err := listenUnix(filepath.Join(root, "run", "dataplane.sock"))
	if err != nil {
		return err
	}
	go func() { failed <- (&http.Server{Handler: plane.Control()}).Serve(control) }()
	if err := os.WriteFile(filepath.Join(root, "run", "dataplane.ready"), nil, 0o644); err != nil {
		return err
	}
	return <-failed
}

// inherited is the listener behind a socket that was opened before the namespaces were made.
func inherited(fd int, name string) (net.Listener, error) {
	file := os.NewFile(uintptr(fd), name)
	if file == nil {
		return nil, fmt.Errorf("-%s=%d: not an open file", name, fd)
	}
	defer file.Close()
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("-%s=%d: not a listening socket: %w", name, fd, err)
	}
	return listener, nil
}

// listenUnix listens on a socket file that only its owner may use; one left behind by a killed process is replaced.
func listenUnix(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(path, 0o600)
}
