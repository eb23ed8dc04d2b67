package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// cut says what the proxy does with a packet that contains COMMIT.
type cut int

const (
	cutNothing cut = iota
	cutBefore      // the server never sees the packet
	cutInside      // the server sees half of it
	cutAfter       // the server gets it, the connection is gone at once
	cutAnswer      // the server answers, the client never sees that
	cutLate        // the client's side is closed first, the server gets the packet some time later
)

var cutNames = []string{"nothing", "before", "inside", "after", "answer", "late"}

// How long a packet of cutLate waits at most: longer than the nodes try.
const lateMax = 4 * time.Second

// proxy stands between one node and the database and breaks what goes through.
type proxy struct {
	listener net.Listener
	target   string

	mutex    sync.Mutex
	random   *rand.Rand
	pairs    map[*pair]bool
	open     chan bool // closed: traffic passes; else it waits
	kind     cut
	part     float64 // of the packets with COMMIT
	cuts     map[cut]int
	fences   int // of those packets, the ones that resolve an unknown outcome
	finished bool
}

// pair is one connection of a node and its other half.
type pair struct {
	client, server net.Conn
	once           sync.Once
	mute           bool // answers are dropped; guarded by the proxy's mutex
}

func newProxy(target string, seed uint64) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{
		listener: listener, target: target, random: rand.New(rand.NewPCG(seed, 77)),
		pairs: map[*pair]bool{}, open: make(chan bool), cuts: map[cut]int{},
	}
	close(p.open)
	go p.accept()
	return p, nil
}

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

func (p *proxy) address() string { return fmt.Sprintf("127.0.0.1:%d", p.port()) }

func (p *proxy) close() {
	p.listener.Close()
	p.mutex.Lock()
	p.finished = true
	p.mutex.Unlock()
	p.resume()
	p.cutAll()
}

// stall holds everything up, in both directions, until resume.
func (p *proxy) stall() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.passes() {
		p.open = make(chan bool)
	}
}

func (p *proxy) resume() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if !p.passes() {
		close(p.open)
	}
}

func (p *proxy) passes() bool {
	select {
	case <-p.open:
		return true
	default:
		return false
	}
}

// cutCommits breaks that part of the connections that send COMMIT, at the COMMIT.
func (p *proxy) cutCommits(kind cut, part float64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.kind, p.part = kind, part
}

func (p *proxy) cutAll() {
	p.mutex.Lock()
	pairs := make([]*pair, 0, len(p.pairs))
	for one := range p.pairs {
		pairs = append(pairs, one)
	}
	p.mutex.Unlock()
	for _, one := range pairs {
		one.close()
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *proxy) serve(client net.Conn) {
	p.wait()
	server, err := net.DialTimeout("tcp", p.target, 2*time.Second)
	if err != nil {
		client.Close()
		return
	}
	both := &pair{client: client, server: server}
	p.mutex.Lock()
	p.pairs[both] = true
	finished := p.finished
	p.mutex.Unlock()
	if finished {
		both.close()
	}
	go p.copyAnswers(both)
	p.copyCommands(both)
	p.mutex.Lock()
	delete(p.pairs, both)
	p.mutex.Unlock()
}

func (p *proxy) wait() {
	p.mutex.Lock()
	open := p.open
	p.mutex.Unlock()
	<-open
}

func (b *pair) close() {
	b.once.Do(func() {
		b.client.Close()
		b.server.Close()
	})
}

func (p *proxy) copyAnswers(b *pair) {
	defer b.close()
	buffer := make([]byte, 64*1024)
	for {
		n, err := b.server.Read(buffer)
		p.wait()
		p.mutex.Lock()
		mute := b.mute
		p.mutex.Unlock()
		if mute || err != nil {
			return // an answer that the client must not see, or the end
		}
		if _, err := b.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// copyCommands forwards whole packets of the MySQL protocol: three bytes of length, one of sequence.
func (p *proxy) copyCommands(b *pair) {
	header := make([]byte, 4)
	for {
		if _, err := io.ReadFull(b.client, header); err != nil {
			break
		}
		size := int(binary.LittleEndian.Uint32(header) & 0xffffff)
		packet := append(bytes.Clone(header), make([]byte, size)...)
		if _, err := io.ReadFull(b.client, packet[4:]); err != nil {
			break
		}
		p.wait()
		if !p.forward(b, packet) {
			return
		}
	}
	b.close()
}

// forward passes one packet on, or does to it what the proxy was told. False: the pair has ended.
func (p *proxy) forward(b *pair, packet []byte) bool {
	kind, late := p.choose(b, packet)
	switch kind {
	case cutBefore:
		b.close()
		return false
	case cutInside:
		_, _ = b.server.Write(packet[:len(packet)/2])
		b.close()
		return false
	case cutAfter:
		_, _ = b.server.Write(packet)
		b.close()
		return false
	case cutLate:
		b.client.Close()
		time.Sleep(late)
		p.wait()
		_, _ = b.server.Write(packet)
		time.Sleep(time.Second) // it is executed while somebody seems to listen
		b.close()
		return false
	}
	_, err := b.server.Write(packet)
	if err != nil {
		b.close()
	}
	return err == nil
}

func (p *proxy) choose(b *pair, packet []byte) (cut, time.Duration) {
	if !bytes.Contains(packet, []byte("COMMIT")) {
		return cutNothing, 0
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.kind == cutNothing || p.random.Float64() >= p.part {
		return cutNothing, 0
	}
	p.cuts[p.kind]++
	if bytes.Contains(packet, []byte("FROM tw_markers")) {
		p.fences++
	}
	b.mute = p.kind == cutAnswer || p.kind == cutLate
	// Mostly soon, while the nodes find out about it, sometimes after all of that.
	late := time.Duration(float64(lateMax) * p.random.Float64() * p.random.Float64() * p.random.Float64())
	return p.kind, late
}
