package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"testing"
	"time"

	discovery "github.com/cloudwebrtc/nats-discovery/pkg/client"
	"github.com/nats-io/nats.go"
	room "github.com/pion/ion/apps/room/proto"
	"github.com/pion/ion/pkg/db"
	ionproto "github.com/pion/ion/pkg/proto"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	roomID     = "room-1"
	shortRoom  = "room-2"
	replyWait  = 60 * time.Second // islb asks NATS with 15 s; a lock of ion is held up to 3 s
	streamKey  = "dc1/sfu-fixed/" + roomID
	streamInfo = `[{"id":"camera"}]`
)

// outcome is all that two runs of the scenario are compared by.
type outcome struct {
	transcript []string // what ion answered and told, one line a step
	events     []string // what db.Watch saw on the rooms' keys
	keys       map[string]entry
	took       time.Duration
}

// script runs the steps against one stack.
type script struct {
	t          *testing.T
	connection *grpc.ClientConn
	service    room.RoomServiceClient
	transcript []string
}

// run lets two peers meet in a room and one of them leave, through every program of ion.
func run(t *testing.T, s stack) outcome {
	t.Helper()
	began := time.Now()
	redis := db.NewRedis(db.Config{Addrs: []string{s.redisAddress}})
	if redis == nil {
		t.Fatal("ion's db package cannot connect")
	}
	t.Cleanup(redis.Close)
	watcher := watchRooms(t, redis)
	nodes := discover(t, s.natsURL)

	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	connection, err := grpc.DialContext(ctx, s.signalAddress, grpc.WithInsecure(), grpc.WithBlock())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	p := &script{t: t, connection: connection, service: room.NewRoomServiceClient(connection)}

	p.createRooms()
	alice := p.join("alice", room.Role_Host)
	bob := p.join("bob", room.Role_Guest)
	p.note("alice hears", alice.receive(1)...)
	p.talk(alice, bob)
	p.invite()
	p.note("alice hears of the invited", alice.receive(3)...)
	p.note("bob hears of the invited", bob.receive(3)...)
	p.note("media of alice", joinMedia(t, connection, "alice"))
	p.note("media of bob", joinMedia(t, connection, "bob"))
	p.lookUp(nodes, redis)

	bob.send(&room.Request{Payload: &room.Request_Leave{
		Leave: &room.LeaveRequest{Sid: roomID, Uid: "bob"}}})
	p.note("bob leaves", bob.receive(1)...)
	p.note("alice hears that he left", alice.receive(1)...)
	p.endRooms()

	events := watcher.finish(t)
	keys, err := dump(s.redisAddress)
	if err != nil {
		t.Fatal(err)
	}
	return outcome{p.transcript, events, keys, time.Since(began)}
}

// note adds a line to the transcript. What one step told is sorted: several of ion's goroutines
// may have told it.
func (p *script) note(step string, told ...string) {
	sort.Strings(told)
	p.transcript = append(p.transcript, fmt.Sprintf("%s: %v", step, told))
}

// call makes one request.
func call[Request, Reply proto.Message](p *script, step string,
	method func(context.Context, Request, ...grpc.CallOption) (Reply, error), request Request) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), replyWait)
	defer cancel()
	reply, err := method(ctx, request)
	if err != nil {
		p.t.Fatalf("%s: %v", step, err)
	}
	p.note(step, canonical(reply))
}

func (p *script) createRooms() {
	p.t.Helper()
	info := &room.Room{Sid: roomID, Name: "first", Password: "secret", Description: "for two"}
	call(p, "create", p.service.CreateRoom, &room.CreateRoomRequest{Room: info})
	info.Lock = true
	info.Name = "first, locked"
	call(p, "update", p.service.UpdateRoom, &room.UpdateRoomRequest{Room: info})
	call(p, "create another", p.service.CreateRoom,
		&room.CreateRoomRequest{Room: &room.Room{Sid: shortRoom}})
}

func (p *script) talk(alice, bob *peer) {
	p.t.Helper()
	alice.say("all", "hello, everybody")
	p.note("alice speaks to all", alice.receive(2)...)
	p.note("bob hears it", bob.receive(1)...)
	bob.say("alice", "hello, \x00 binary \xff")
	p.note("bob answers", bob.receive(1)...)
	p.note("alice hears it", alice.receive(1)...)
}

func (p *script) invite() {
	p.t.Helper()
	guest := func(uid string) *room.Peer {
		return &room.Peer{Sid: roomID, Uid: uid, DisplayName: "guest " + uid,
			Destination: "sip:" + uid + "@127.0.0.1", Role: room.Role_Guest,
			Protocol: room.Protocol_SIP, Direction: room.Peer_BILATERAL}
	}
	call(p, "invite", p.service.AddPeer, &room.AddPeerRequest{Peer: guest("phone")})
	updated := guest("phone")
	updated.DisplayName = "the phone"
	call(p, "update the invited", p.service.UpdatePeer, &room.UpdatePeerRequest{Peer: updated})
	call(p, "invite a second", p.service.AddPeer, &room.AddPeerRequest{Peer: guest("camera")})
	call(p, "invite into no room", p.service.AddPeer,
		&room.AddPeerRequest{Peer: &room.Peer{Sid: "nowhere", Uid: "nobody"}})
}

// discover returns a client of ion's service discovery when islb knows the other programs.
func discover(t *testing.T, natsURL string) *discovery.Client {
	t.Helper()
	connection, err := nats.Connect(natsURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	client, err := discovery.NewClient(connection)
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{ionproto.ServiceROOM, ionproto.ServiceRTC} {
		for deadline := time.Now().Add(startTimeout); ; time.Sleep(50 * time.Millisecond) {
			found, err := client.Get(service, map[string]interface{}{})
			if err == nil && len(found.Nodes) > 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("islb does not know the service %s: %v", service, err)
			}
		}
	}
	return client
}

// lookUp asks islb for the node of a session, as signal does; islb looks into Redis for it.
func (p *script) lookUp(nodes *discovery.Client, redis *db.Redis) {
	p.t.Helper()
	if err := redis.Set(streamKey, streamInfo, 24*time.Hour); err != nil {
		p.t.Fatal(err)
	}
	found, err := nodes.Get(ionproto.ServiceRTC, map[string]interface{}{"sid": roomID})
	if err != nil {
		p.t.Fatalf("islb does not answer: %v", err)
	}
	p.note("islb knows", fmt.Sprintf("%d node for media", len(found.Nodes)))
}

func (p *script) endRooms() {
	p.t.Helper()
	call(p, "remove the second", p.service.RemovePeer,
		&room.RemovePeerRequest{Sid: roomID, Uid: "camera"})
	ctx, cancel := context.WithTimeout(context.Background(), replyWait)
	defer cancel()
	peers, err := p.service.GetPeers(ctx, &room.GetPeersRequest{Sid: roomID})
	if err != nil {
		p.t.Fatal(err)
	}
	var lines []string
	for _, peer := range peers.Peers {
		lines = append(lines, canonical(peer))
	}
	p.note("peers", lines...)
	call(p, "end the other room", p.service.EndRoom,
		&room.EndRoomRequest{Sid: shortRoom, Reason: "over", Delete: true})
}

// canonical is a message as text that is equal for equal messages.
func canonical(message proto.Message) string {
	text, err := protojson.Marshal(message)
	if err != nil {
		return err.Error()
	}
	var value interface{}
	if err := json.Unmarshal(text, &value); err != nil {
		return err.Error()
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(sorted)
}
