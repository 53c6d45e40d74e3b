package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Services listens on the cluster IP of every Service port that has ready endpoints. One without any has no
// listener, so that a connection is refused at once.
type Services struct {
	mutex sync.Mutex
	ports map[string]*port // by address
}

type port struct {
	name      string
	listener  net.Listener
	endpoints atomic.Pointer[[]string]
	next      atomic.Uint64
}

// NewServices listens nowhere yet.
func NewServices() *Services { return &Services{ports: map[string]*port{}} }

// Apply opens and closes listeners until they are as wanted; open connections live on.
func (s *Services) Apply(wanted []Service) (problems []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	keep := map[string]bool{}
	for _, service := range wanted {
		if len(service.Endpoints) == 0 {
			continue
		}
		keep[service.Address] = true
	}
	for address, port := range s.ports {
		if !keep[address] {
			port.listener.Close()
			delete(s.ports, address)
		}
	}
	for _, service := range wanted {
		if !keep[service.Address] || len(service.Endpoints) == 0 {
			continue
		}
		if err := s.set(service); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return problems
}

func (s *Services) set(service Service) error {
	existing := s.ports[service.Address]
	if existing == nil {
		listener, err := net.Listen("tcp4", service.Address)
		if err != nil {
			return fmt.Errorf("service %s: %w", service.Name, err)
		}
		existing = &port{name: service.Name, listener: listener}
		s.ports[service.Address] = existing
		existing.endpoints.Store(&service.Endpoints)
		go existing.serve()
		return nil
	}
	existing.endpoints.Store(&service.Endpoints)
	return nil
}

func (p *port) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				continue
			}
			return
		}
		go p.forward(conn)
	}
}

func (p *port) forward(conn net.Conn) {
	endpoints := rotated(*p.endpoints.Load(), int(p.next.Add(1)))
	upstream, err := dialAny(context.Background(), endpoints)
	if err != nil {
		log.Printf("service %s: %v", p.name, err)
		conn.Close()
		return
	}
	join(conn, upstream)
}

// rotated is the list from its n-th element on.
func rotated(list []string, n int) []string {
	if len(list) == 0 {
		return nil
	}
	n %= len(list)
	return append(append([]string{}, list[n:]...), list[:n]...)
}

// dialAny connects to the first of the endpoints that accepts.
func dialAny(ctx context.Context, endpoints []string) (net.Conn, error) {
	err := fmt.Errorf("no endpoints")
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	for _, endpoint := range endpoints {
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, "tcp4", endpoint); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
