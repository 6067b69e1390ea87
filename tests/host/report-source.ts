/**
 * Stands in for the core's encoder: each report holds lines that no other report holds. As the core
 * does, it hands out one buffer that the next call overwrites.
 */
export class ReportSource {
  reportCount = 0;
  private readonly made: string[] = [];
  private readonly output = new Uint8Array(4 * 1024 * 1024);

  /** `padding` bytes of text make a line longer. */
  constructor(
    private readonly linesPerReport: number,
    private readonly padding = 0,
  ) {}

  /** Every line ever encoded. */
  get lines(): readonly string[] {
    return this.made;
  }

  readonly encode = (): Uint8Array => {
    this.reportCount++;
    this.output.fill(35);
    let text = "";
    for (let i = 0; i < this.linesPerReport; i++) {
      const n = this.made.length;
      const line = `load,kind=a n=${n}i,pad="${"x".repeat(this.padding)}" ${1_700_000_000 + n}`;
      this.made.push(line);
      text += `${line}\n`;
    }
    const { written } = new TextEncoder().encodeInto(text, this.output);
    return this.output.subarray(0, written);
  };
}
