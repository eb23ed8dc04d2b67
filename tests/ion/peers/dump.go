package peers

import (
	"fmt"
	"sort"
	"time"

	"github.com/go-redis/redis/v7"
)

// entry is a key as it was left behind.
type entry struct {
	Type  string
	Value string        // fields and members in sorted order
	TTL   time.Duration // 0: none
}

// dump reads every key of the server's database 0.
func dump(address string) (map[string]entry, error) {
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	keys, err := client.Keys("*").Result()
	if err != nil {
		return nil, err
	}
	entries := make(map[string]entry, len(keys))
	for _, key := range keys {
		kind, err := client.Type(key).Result()
		if err != nil {
			return nil, err
		}
		value, err := read(client, kind, key)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", kind, key, err)
		}
		ttl, err := client.PTTL(key).Result()
		if err != nil {
			return nil, err
		}
		if ttl < 0 {
			ttl = 0
		}
		entries[key] = entry{Type: kind, Value: value, TTL: ttl}
	}
	return entries, nil
}

func read(client *redis.Client, kind, key string) (string, error) {
	switch kind {
	case "string":
		return client.Get(key).Result()
	case "hash":
		fields, err := client.HGetAll(key).Result()
		lines := make([]string, 0, len(fields))
		for field, value := range fields {
			lines = append(lines, fmt.Sprintf("%q=%q", field, value))
		}
		sort.Strings(lines)
		return fmt.Sprint(lines), err
	case "set":
		members, err := client.SMembers(key).Result()
		sort.Strings(members)
		return fmt.Sprintf("%q", members), err
	default:
		return "", fmt.Errorf("a type that ion does not use")
	}
}

// differences tells where two dumps are not equal; TTLs may differ by up to tolerance.
func differences(want, got map[string]entry, tolerance time.Duration) []string {
	var found []string
	for key, a := range want {
		b, ok := got[key]
		switch {
		case !ok:
			found = append(found, fmt.Sprintf("%s: missing", key))
		case a.Type != b.Type || a.Value != b.Value:
			found = append(found, fmt.Sprintf("%s: want %s %s, got %s %s",
				key, a.Type, a.Value, b.Type, b.Value))
		case (a.TTL == 0) != (b.TTL == 0) || a.TTL-b.TTL > tolerance || b.TTL-a.TTL > tolerance:
			found = append(found, fmt.Sprintf("%s: want TTL %v, got %v (tolerance %v)",
				key, a.TTL, b.TTL, tolerance))
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			found = append(found, fmt.Sprintf("%s: not expected", key))
		}
	}
	sort.Strings(found)
	return found
}
