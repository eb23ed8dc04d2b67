package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const startLimit = 60 * time.Second

// cluster is one database and some nodes, a proxy before each.
type cluster struct {
	folder   string
	program  string   // tideway
	database *process // nil with the embedded store
	nodes    []*process
	proxies  []*proxy
	names    int
}

func newCluster(tideway, tidb string) (*cluster, error) {
	folder, err := os.MkdirTemp("", "tideway-linearizability-")
	if err != nil {
		return nil, err
	}
	c := &cluster{folder: folder, program: tideway}
	if tidb == "" {
		return c, nil
	}
	if c.database, err = newDatabase(tidb, folder); err != nil {
		return c, err
	}
	return c, c.startDatabase()
}

func (c *cluster) startDatabase() error {
	if err := c.database.start(); err != nil {
		return err
	}
	return c.database.waitReady(startLimit)
}

// begin starts n fresh nodes over a fresh database of that server.
func (c *cluster) begin(n int, seed uint64, crashed func(string)) error {
	c.names++
	if c.database != nil {
		c.database.mutex.Lock()
		c.database.crashed = crashed
		c.database.mutex.Unlock()
	}
	for i := range n {
		backend := ""
		if c.database != nil {
			p, err := newProxy(fmt.Sprintf("127.0.0.1:%d", c.database.port), seed+uint64(i))
			if err != nil {
				return err
			}
			c.proxies = append(c.proxies, p)
			backend = fmt.Sprintf("tidb://root@%s/run%d", p.address(), c.names)
		}
		node, err := newNode(c.program, c.folder, fmt.Sprintf("run%d-node%d", c.names, i), backend)
		if err != nil {
			return err
		}
		node.crashed = crashed
		c.nodes = append(c.nodes, node)
		if err := node.start(); err != nil {
			return err
		}
	}
	for _, node := range c.nodes {
		if err := node.waitReady(startLimit); err != nil {
			return err
		}
	}
	return nil
}

// end kills the nodes; the database stays.
func (c *cluster) end() {
	for _, node := range c.nodes {
		node.kill()
	}
	for _, p := range c.proxies {
		p.close()
	}
	c.nodes, c.proxies = nil, nil
}

func (c *cluster) close() {
	c.end()
	if c.database != nil {
		c.database.kill()
	}
	os.RemoveAll(c.folder)
}

func (c *cluster) ports() []int {
	ports := make([]int, len(c.nodes))
	for i, node := range c.nodes {
		ports[i] = node.port
	}
	return ports
}

// keepLogs copies what the servers of this run said.
func (c *cluster) keepLogs(folder string) {
	logs := []string{}
	if c.database != nil {
		logs = append(logs, filepath.Join(c.folder, "tidb.log"), c.database.log)
	}
	for _, node := range c.nodes {
		logs = append(logs, node.log)
	}
	for _, path := range logs {
		from, err := os.Open(path)
		if err != nil {
			continue
		}
		if to, err := os.Create(filepath.Join(folder, filepath.Base(path))); err == nil {
			_, _ = io.Copy(to, from)
			to.Close()
		}
		from.Close()
	}
}

func (c *cluster) cuts() string {
	text := ""
	for kind := cutBefore; kind <= cutLate; kind++ {
		sum := 0
		for _, p := range c.proxies {
			p.mutex.Lock()
			sum += p.cuts[kind]
			p.mutex.Unlock()
		}
		if sum > 0 {
			text += fmt.Sprintf(" %s %d", cutNames[kind], sum)
		}
	}
	fences := 0
	for _, p := range c.proxies {
		fences += p.fences
	}
	if text == "" {
		return "none"
	}
	return fmt.Sprintf("%s (%d of them resolved others)", text[1:], fences)
}
