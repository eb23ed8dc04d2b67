package peers

import (
	"context"
	"testing"
	"time"

	room "github.com/pion/ion/apps/room/proto"
	"github.com/pion/ion/proto/rtc"
	"github.com/pion/webrtc/v3"
	"google.golang.org/grpc"
)

// peer is one participant's connection to the room.
type peer struct {
	t       *testing.T
	uid     string
	stream  room.RoomSignal_SignalClient
	replies chan string
}

// join opens a peer's stream and joins the room.
func (p *script) join(uid string, role room.Role) *peer {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p.t.Cleanup(cancel)
	stream, err := room.NewRoomSignalClient(p.connection).Signal(ctx)
	if err != nil {
		p.t.Fatalf("%s: %v", uid, err)
	}
	one := &peer{t: p.t, uid: uid, stream: stream, replies: make(chan string, 100)}
	go func() {
		defer close(one.replies)
		for {
			reply, err := stream.Recv()
			if err != nil {
				return
			}
			one.replies <- canonical(reply)
		}
	}()
	one.send(&room.Request{Payload: &room.Request_Join{Join: &room.JoinRequest{
		Peer: &room.Peer{Sid: roomID, Uid: uid, DisplayName: uid, Role: role,
			Protocol: room.Protocol_WebRTC, Direction: room.Peer_BILATERAL},
		Password: "secret",
	}}})
	p.note(uid+" joins", one.receive(1)...)
	return one
}

func (one *peer) send(request *room.Request) {
	one.t.Helper()
	if err := one.stream.Send(request); err != nil {
		one.t.Fatalf("%s: %v", one.uid, err)
	}
}

func (one *peer) say(to, text string) {
	one.t.Helper()
	one.send(&room.Request{Payload: &room.Request_SendMessage{SendMessage: &room.SendMessageRequest{
		Sid:     roomID,
		Message: &room.Message{From: one.uid, To: to, Type: "text/plain", Payload: []byte(text)},
	}}})
}

// receive waits for that many replies.
func (one *peer) receive(count int) []string {
	one.t.Helper()
	var replies []string
	timeout := time.After(replyWait)
	for len(replies) < count {
		select {
		case reply, open := <-one.replies:
			if !open {
				one.t.Fatalf("%s: the stream ended after %v", one.uid, replies)
			}
			replies = append(replies, reply)
		case <-timeout:
			one.t.Fatalf("%s: %d of %d replies came: %v", one.uid, len(replies), count, replies)
		}
	}
	return replies
}

// joinMedia joins the room's media session, as a browser does, up to the SFU's answer; it returns
// what that was. The session stays open until the test ends.
func joinMedia(t *testing.T, connection *grpc.ClientConn, uid string) string {
	t.Helper()
	local, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	if _, err := local.CreateDataChannel("chat", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := local.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := local.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	timer := time.AfterFunc(replyWait, cancel)
	defer timer.Stop()
	stream, err := rtc.NewRTCClient(connection).Signal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&rtc.Request{Payload: &rtc.Request_Join{Join: &rtc.JoinRequest{
		Sid: roomID, Uid: uid,
		Description: &rtc.SessionDescription{
			Target: rtc.Target_PUBLISHER, Type: offer.Type.String(), Sdp: offer.SDP},
	}}}); err != nil {
		t.Fatal(err)
	}
	for {
		reply, err := stream.Recv()
		if err != nil {
			t.Fatalf("media of %s: %v", uid, err)
		}
		answer := reply.GetJoin()
		if answer == nil {
			continue // candidates come in between
		}
		if !answer.Success {
			return canonical(answer)
		}
		err = local.SetRemoteDescription(webrtc.SessionDescription{
			Type: webrtc.NewSDPType(answer.Description.Type), SDP: answer.Description.Sdp})
		if err != nil {
			t.Fatalf("media of %s: the answer: %v", uid, err)
		}
		return answer.Description.Type
	}
}
