package main

import (
	"fmt"
	"time"

	redis "github.com/go-redis/redis/v7"
)

func goredis7(subscribe, publish string) error {
	subscriber := redis.NewClient(&redis.Options{Addr: subscribe})
	defer subscriber.Close()
	publisher := redis.NewClient(&redis.Options{Addr: publish})
	defer publisher.Close()

	exact, matching := subscriber.Subscribe(channel), subscriber.PSubscribe(pattern)
	defer exact.Close()
	defer matching.Close()
	for _, listener := range []*redis.PubSub{exact, matching} {
		if _, err := listener.ReceiveTimeout(timeout); err != nil { // the confirmation
			return err
		}
	}
	for number := 0; number < count; number++ {
		if err := publisher.Publish(channel, payload(number)).Err(); err != nil {
			return err
		}
	}
	for _, listener := range []*redis.PubSub{exact, matching} {
		var heard []string
		for end := time.After(timeout); len(heard) < count; {
			select {
			case message := <-listener.Channel():
				if message.Channel != channel {
					return fmt.Errorf("heard on %q", message.Channel)
				}
				heard = append(heard, message.Payload)
			case <-end:
				return check(heard)
			}
		}
		if err := check(heard); err != nil {
			return err
		}
	}
	fmt.Println("go-redis v7 heard all")
	return nil
}
