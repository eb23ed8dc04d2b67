// The sanitizers' settings, compiled into every program of a sanitized build, so that they hold
// however the program is started. The names are fixed by the sanitizers' runtimes.

extern "C" {

const char* __asan_default_options();       // NOLINT
const char* __ubsan_default_options();      // NOLINT
const char* __tsan_default_options();       // NOLINT
const char* __tsan_default_suppressions();  // NOLINT

const char* __asan_default_options() {  // NOLINT
  return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1";
}

const char* __ubsan_default_options() {  // NOLINT
  return "print_stacktrace=1";
}

const char* __tsan_default_options() {  // NOLINT
  return "halt_on_error=1:second_deadlock_stack=1:detect_deadlocks=1";
}

// Debian's libraries are not built with ThreadSanitizer, so it cannot see how they synchronise.
const char* __tsan_default_suppressions() {  // NOLINT
  return "called_from_lib:librocksdb.so\n"
         "race:^rocksdb::\n"
         "race:librocksdb.so\n";
}

}  // extern "C"
