package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// eventType finds the message ChangeEvent in what protoc made of the schema file.
func eventType(path string) (protoreflect.MessageDescriptor, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, err
	}
	var found protoreflect.MessageDescriptor
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		found = file.Messages().ByName("ChangeEvent")
		return found == nil
	})
	if found == nil {
		return nil, fmt.Errorf("%s has no message ChangeEvent", path)
	}
	return found, nil
}

func events(url, descriptors, amount string) error {
	wanted, err := strconv.Atoi(amount)
	if err != nil {
		return err
	}
	kind, err := eventType(descriptors)
	if err != nil {
		return err
	}
	connection, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer connection.Close()
	subscription, err := connection.SubscribeSync("tw.ev.>")
	if err != nil {
		return err
	}
	if err := connection.Flush(); err != nil {
		return err
	}
	fmt.Println("ready")
	for range wanted {
		message, err := subscription.NextMsg(timeout)
		if err != nil {
			return err
		}
		event := dynamicpb.NewMessage(kind)
		if err := proto.Unmarshal(message.Data, event); err != nil {
			return fmt.Errorf("%s: %w", message.Subject, err)
		}
		if unknown := event.GetUnknown(); len(unknown) > 0 {
			return fmt.Errorf("%s has fields that the schema does not know", message.Subject)
		}
		fmt.Printf("%s\t%s\n", message.Subject, protojson.MarshalOptions{}.Format(event))
	}
	return nil
}
