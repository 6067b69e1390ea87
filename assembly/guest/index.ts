/**
 * What an AssemblyScript guest imports, as `wasm-monitoring/assembly/guest`.
 * README.md has the usage. Works with the runtimes incremental, minimal and stub.
 */
export { BLOCK_BYTES_MAX, BlockStatus, FieldType, Level, SourceFlag, Status } from "../abi";
export { BlockDevice } from "./block";
export { Counter, Gauge, Histogram, Summary } from "./family";
export {
  CounterHandle,
  GaugeHandle,
  Handle,
  IntegerHandle,
  ObserverHandle,
  TextHandle,
} from "./handle";
export { Log } from "./log";
export {
  CounterField,
  GaugeField,
  IntegerField,
  ObserverField,
  Series,
  Source,
  TextField,
} from "./source";
