/**
 * Random event scripts, as the vectors are: backtraces that grow and shrink, blocks that are freed,
 * and often what is rare in programs: the edges of every field. One character a byte.
 */
import type { Random } from "./random.js";

/** What kind of program a script is of. */
export interface ScriptProfile {
  readonly events: number;
  /** Location codes in all. */
  readonly codes: number;
  /** Codes of one function's callees: few make predictions right. */
  readonly branches: number;
  readonly depthMax: number;
  /** Of 1,000 backtraces, how many are the edges of lengths: very deep, repetitive, all new. */
  readonly oddBacktraces: number;
  /** Of 1,000 codes, how many share both buckets of the cache with others. */
  readonly collisions: number;
  /** Of 1,000 events, how many come at an edge of time, and how many are flushes. */
  readonly oddTimes: number;
  readonly flushes: number;
}

const NUMBERS = numbers(
  "1 7 0 -1 -1099511627776 254 255 256 1022 1023 1024 1048574 1048575 1048576",
);
const WORDS = numbers("0 1 15 16 17 252 253 65535 65536 2147483647 2147483648 9007199254740991");
const SAMPLES = numbers("0 2 253 70000 4294967296 1099511627776");
const STEPS = numbers("0 29999999 30000000 30000001 33554431 33554432 8589934592 -1 -1000000");
const COUNTS = numbers("0 2 3 254 255 256 300");
const LENGTHS = numbers("0 1 255 2000 4060 4078 4079 4080 4096 5000");
const DEPTHS = numbers("1 254 255 256 257 258 400 408 409 410 511 512 2050 5000");
const PIDS = ["-1", "0", "4711", "9223372036854775807", "-9223372036854775808"] as const;
const CONTEXTS = ["", "c", "\xc3\x9f".repeat(100)] as const;

/** A random script; the same random numbers give the same one. */
export function randomScript(random: Random, profile: ScriptProfile): string {
  return new Author(random, profile).write();
}

class Author {
  readonly #codes: bigint[];
  readonly #lines: string[] = [];
  #stack: number[] = [0];
  #timeUs = 1_763_780_000_000_000;
  #allocations = 0;

  constructor(
    private readonly random: Random,
    private readonly profile: ScriptProfile,
  ) {
    this.#codes = Array.from({ length: profile.codes }, () => this.#code());
  }

  write(): string {
    const { random, profile } = this;
    const rate = random.pick(["0.0001", "1", "1e-4", "0.5"]);
    const texts = ["/srv/\xc3\x9f.wasm", "host", ""];
    const fields = ["I", rate, random.pick(["32", "64"]), ...texts, random.pick([...PIDS])];
    this.#lines.push([...fields, this.#timeUs, random.pick([...CONTEXTS])].join("\t"));
    for (const code of new Set(this.#codes)) this.#lines.push(this.#locations(code));
    for (let event = 0; event < profile.events; event++) {
      if (this.#chance(profile.flushes)) this.#lines.push("F");
      else if (this.#allocations > 0 && this.#chance(450)) this.#refer();
      else this.#allocate();
    }
    return `${this.#lines.join("\n")}\n`;
  }

  #chance(ofThousand: number): boolean {
    return this.random.below(1000) < ofThousand;
  }

  /** The low 35 bits decide where a code is cached. */
  #code(): bigint {
    const { random, profile } = this;
    if (this.#chance(profile.collisions)) {
      const low = BigInt(1 + random.below(20));
      return low + (BigInt(random.below(1 << 29)) << 35n);
    }
    const wide = this.#chance(100) ? BigInt(random.word()) << 32n : 0n;
    return wide + BigInt(random.word()) + 1n;
  }

  #locations(code: bigint): string {
    const { random } = this;
    const isMany = this.#chance(10);
    const count = isMany ? random.pick(COUNTS) : 1 + Number(this.#chance(50));
    const fields = ["L", String(code)];
    for (let index = 0; index < count; index++) {
      const place = [1, 2, 3].map(() => String(random.pick(NUMBERS)));
      const file = this.#name(isMany ? 2 : 50, "f");
      fields.push(file, ...place, this.#name(isMany ? 2 : 80, "d"));
    }
    return fields.join("\t");
  }

  #name(names: number, letter: string): string {
    const { random } = this;
    const name = `${letter}${random.below(names)}`;
    if (!this.#chance(20)) return name;
    const long = "x".repeat(random.pick(LENGTHS));
    return random.pick([name.repeat(1000), "", `${name}\0x`, "\xc3\xa9", long]);
  }

  #tick(): number {
    const { random, profile } = this;
    this.#timeUs += this.#chance(profile.oddTimes) ? random.pick(STEPS) : random.below(300);
    return this.#timeUs;
  }

  #refer(): void {
    const { random } = this;
    const isRecent = this.#chance(800);
    const ago = random.below(isRecent ? Math.min(300, this.#allocations) : this.#allocations);
    const kind = this.#chance(100) ? "P" : "C";
    this.#lines.push([kind, this.#tick(), this.#allocations - 1 - ago].join("\t"));
  }

  #allocate(): void {
    const { random } = this;
    const words = this.#chance(100) ? random.pick(WORDS) : random.below(24);
    const samples = this.#chance(100) ? random.pick(SAMPLES) : 1;
    const codes = this.#walk().map((index) => this.#codes[index % this.#codes.length]);
    const stack = codes.reverse().join(" ");
    const source = this.#chance(700) ? 0 : random.below(3);
    this.#lines.push(["A", this.#tick(), words, samples, source, stack].join("\t"));
    this.#allocations++;
  }

  /** Indices of codes, caller first. */
  #walk(): readonly number[] {
    const { random, profile } = this;
    if (this.#chance(profile.oddBacktraces)) return this.#oddStack();
    const kept = 1 + random.below(this.#stack.length);
    const grown = random.below(Math.min(12, profile.depthMax));
    this.#stack = this.#stack.slice(0, Math.max(1, kept));
    for (let index = 0; index < grown && this.#stack.length < profile.depthMax; index++) {
      const caller = this.#stack.at(-1) ?? 0;
      this.#stack.push(caller * profile.branches + 1 + random.below(profile.branches));
      const last = this.#stack.length - 1;
      this.#stack[last] = (this.#stack[last] ?? 0) % (7 * profile.codes);
    }
    return [...this.#stack];
  }

  #oddStack(): readonly number[] {
    const { random } = this;
    const depth = random.pick(DEPTHS);
    const kind = random.below(4);
    const first = random.below(1000);
    const cycle = 1 + random.below(5);
    return Array.from({ length: depth }, (_, index) => {
      if (kind === 0) return random.below(1 << 20);
      if (kind === 1) return first + (index % cycle);
      if (kind === 2) return first + index;
      return random.below(3);
    });
  }
}

function numbers(text: string): [number, ...number[]] {
  return text.split(" ").map(Number) as [number, ...number[]];
}
