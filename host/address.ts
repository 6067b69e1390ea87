/**
 * Where something listens or is reached: `9090`, `tcp:9090`, `tcp:HOST[:PORT]`, `tcp:[::1]:9090`, `unix:PATH`.
 */

export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };
