//go:build tools

package peers

// ion's own programs, and the packages of its API that the test uses.
import (
	_ "github.com/go-redis/redis/v7"
	_ "github.com/pion/ion/apps/room"
	_ "github.com/pion/ion/cmd/islb"
	_ "github.com/pion/ion/cmd/sfu"
	_ "github.com/pion/ion/cmd/signal"
	_ "github.com/pion/ion/pkg/db"
	_ "github.com/pion/webrtc/v3"
	_ "google.golang.org/grpc"
)
