;; Makes a WASI command of the npm package's ruby.wasm, which is a library for JavaScript hosts:
;; `ruby.wasm SCRIPT ARGUMENT...` loads the script and exits with its status. Merged with it by
;; ruby-command.ts. Texts pass by canonical ABI: address and byte count, the NUL included for
;; arguments. Nothing is freed: the process ends soon.
(module
  (import "ruby" "memory" (memory 0))
  (import "ruby" "_initialize" (func $initialize))
  (import "ruby" "cabi_realloc" (func $cabiRealloc (param i32 i32 i32 i32) (result i32)))
  (import "ruby" "ruby-init: func(args: list<string>) -> ()"
    (func $rubyInit (param $list i32) (param $count i32)))
  (import "ruby"
    "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>"
    (func $eval (param $address i32) (param $byteCount i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $argsSizesGet (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $argsGet (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $procExit (param i32)))

  ;; 10 + 14 + 8 + 6 + 3 bytes; `-e` keeps Ruby from reading its program from standard input.
  (data $options "ruby.wasm\00--disable-all\00-EUTF-8\00-e_=0\00--\00")
  ;; 207 bytes
  (data $program
    "begin; $0 = ARGV.shift; load $0; status = 0;"
    "rescue SystemExit => e; status = e.status;"
    "rescue Exception => e; warn e.full_message(highlight: false); status = 1;"
    "end; $stdout.flush; $stderr.flush; exit!(status)")

  (func $allocate (param $byteCount i32) (result i32)
    (call $cabiRealloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get $byteCount)))

  (func $putText (param $entry i32) (param $address i32) (param $byteCount i32)
    (i32.store (local.get $entry) (local.get $address))
    (i32.store offset=4 (local.get $entry) (local.get $byteCount)))

  ;; Bytes of a text, its NUL included.
  (func $byteCount (param $address i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $address))
    (loop $next
      (local.set $end (i32.add (local.get $end) (i32.const 1)))
      (br_if $next (i32.load8_u (i32.sub (local.get $end) (i32.const 1)))))
    (i32.sub (local.get $end) (local.get $address)))

  ;; The list of the options above and the process's arguments but the first.
  (func $makeList (param $argv i32) (param $count i32) (result i32)
    (local $list i32) (local $options i32) (local $i i32) (local $text i32)
    (local.set $options (call $allocate (i32.const 41)))
    (memory.init $options (local.get $options) (i32.const 0) (i32.const 41))
    (local.set $list
      (call $allocate (i32.shl (i32.add (local.get $count) (i32.const 4)) (i32.const 3))))
    (call $putText (local.get $list) (local.get $options) (i32.const 10))
    (call $putText (i32.add (local.get $list) (i32.const 8))
      (i32.add (local.get $options) (i32.const 10)) (i32.const 14))
    (call $putText (i32.add (local.get $list) (i32.const 16))
      (i32.add (local.get $options) (i32.const 24)) (i32.const 8))
    (call $putText (i32.add (local.get $list) (i32.const 24))
      (i32.add (local.get $options) (i32.const 32)) (i32.const 6))
    (call $putText (i32.add (local.get $list) (i32.const 32))
      (i32.add (local.get $options) (i32.const 38)) (i32.const 3))
    (local.set $i (i32.const 1))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $text
          (i32.load (i32.add (local.get $argv) (i32.shl (local.get $i) (i32.const 2)))))
        (call $putText
          (i32.add (local.get $list)
            (i32.shl (i32.add (local.get $i) (i32.const 4)) (i32.const 3)))
          (local.get $text) (call $byteCount (local.get $text)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $list))

  (func (export "_start")
    (local $sizes i32) (local $argv i32) (local $count i32) (local $program i32)
    (call $initialize)
    (local.set $sizes (call $allocate (i32.const 8)))
    (drop (call $argsSizesGet (local.get $sizes)
      (i32.add (local.get $sizes) (i32.const 4))))
    (local.set $count (i32.load (local.get $sizes)))
    (local.set $argv (call $allocate (i32.shl (local.get $count) (i32.const 2))))
    (drop (call $argsGet (local.get $argv)
      (call $allocate (i32.load offset=4 (local.get $sizes)))))
    (call $rubyInit (call $makeList (local.get $argv) (local.get $count))
      (i32.add (local.get $count) (i32.const 4)))
    (local.set $program (call $allocate (i32.const 207)))
    (memory.init $program (local.get $program) (i32.const 0) (i32.const 207))
    (drop (call $eval (local.get $program) (i32.const 207)))
    (call $procExit (i32.const 1))) ;; the program above always exits
)
