package main

import (
	"bufio"
	"io"
	"log"
	"net"
	"time"
)

const dialTimeout = 5 * time.Second

type halfCloser interface{ CloseWrite() error }

// prefixed is a connection of which some bytes have been read already.
type prefixed struct {
	net.Conn
	reader io.Reader
}

func (p *prefixed) Read(b []byte) (int, error) { return p.reader.Read(b) }

func (p *prefixed) CloseWrite() error {
	if half, ok := p.Conn.(halfCloser); ok {
		return half.CloseWrite()
	}
	return nil
}

// withPrefix is the connection with what the HTTP server had buffered before it let go.
func withPrefix(conn net.Conn, buffered *bufio.ReadWriter) net.Conn {
	if buffered == nil || buffered.Reader.Buffered() == 0 {
		return conn
	}
	rest := io.LimitReader(buffered.Reader, int64(buffered.Reader.Buffered()))
	return &prefixed{conn, io.MultiReader(rest, conn)}
}

// join copies both ways until both sides are done; the end of one direction is passed on, not the end of both.
func join(a, b net.Conn) {
	defer a.Close()
	defer b.Close()
	done := make(chan struct{})
	go func() {
		pipe(a, b)
		close(done)
	}()
	pipe(b, a)
	<-done
}

func pipe(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(halfCloser); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
	_ = from.Close()
}

// quiet drops what clients do wrong (broken handshakes, lost connections): nobody can act on it.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
