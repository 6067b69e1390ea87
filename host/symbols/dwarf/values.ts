/**
 * Values of attributes by their form (DWARF 5, 7.5.6; DWARF 4, 7.5.4): how many bytes they take and
 * what number they hold. A string's or block's number is where it begins.
 */
import { BrokenInput, type Cursor } from "../cursor.js";
import { Form } from "./codes.js";

/** What the size of a form depends on. */
export interface Encoding {
  readonly version: number;
  /** 4, or 8 in the 64-bit format of DWARF. */
  readonly offsetBytes: number;
  /** 4, or 8 in a module with a 64-bit memory. */
  readonly addressBytes: number;
}

const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [Form.Data1, 1],
  [Form.Flag, 1],
  [Form.Reference1, 1],
  [Form.StringIndex1, 1],
  [Form.AddressIndex1, 1],
  [Form.Data2, 2],
  [Form.Reference2, 2],
  [Form.StringIndex2, 2],
  [Form.AddressIndex2, 2],
  [Form.StringIndex3, 3],
  [Form.AddressIndex3, 3],
  [Form.Data4, 4],
  [Form.Reference4, 4],
  [Form.ReferenceSupplement4, 4],
  [Form.StringIndex4, 4],
  [Form.AddressIndex4, 4],
  [Form.Data8, 8],
  [Form.Reference8, 8],
  [Form.ReferenceSignature, 8],
  [Form.ReferenceSupplement8, 8],
  [Form.Data16, 16],
  [Form.FlagPresent, 0],
  [Form.ImplicitConstant, 0],
]);

/** Bytes of a form's value; undefined when the value itself tells. */
export function bytesOfForm(form: number, encoding: Encoding): number | undefined {
  switch (form) {
    case Form.Address:
      return encoding.addressBytes;
    case Form.ReferenceAddress:
      return encoding.version < 3 ? encoding.addressBytes : encoding.offsetBytes;
    case Form.StringPointer:
    case Form.LineStringPointer:
    case Form.SectionOffset:
    case Form.StringSupplement:
    case Form.GnuReferenceAlternate:
    case Form.GnuStringAlternate:
      return encoding.offsetBytes;
    default:
      return FIXED_BYTES.get(form);
  }
}

/** Reads a value and passes it. `implicit` is what the abbreviation itself holds. */
export function readValue(
  cursor: Cursor,
  form: number,
  encoding: Encoding,
  implicit: number,
): number {
  if (form === Form.ImplicitConstant) return implicit;
  if (form === Form.FlagPresent) return 1;
  if (form === Form.StringIndex3 || form === Form.AddressIndex3) return cursor.u24();
  const byteCount = bytesOfForm(form, encoding);
  if (byteCount === undefined) return readVariable(cursor, form, encoding);
  if (byteCount <= 8) return cursor.unsigned(byteCount);
  const at = cursor.at;
  cursor.skip(byteCount);
  return at;
}

function readVariable(cursor: Cursor, form: number, encoding: Encoding): number {
  const at = cursor.at;
  switch (form) {
    case Form.SignedData:
      return cursor.sleb();
    case Form.UnsignedData:
    case Form.ReferenceUnsigned:
    case Form.StringIndex:
    case Form.AddressIndex:
    case Form.LocationListIndex:
    case Form.RangeListIndex:
    case Form.GnuAddressIndex:
    case Form.GnuStringIndex:
      return cursor.uleb();
    case Form.String:
      cursor.skipCstring();
      return at;
    case Form.Block1:
      cursor.skip(cursor.u8());
      return at;
    case Form.Block2:
      cursor.skip(cursor.u16());
      return at;
    case Form.Block4:
      cursor.skip(cursor.u32());
      return at;
    case Form.Block:
    case Form.Expression:
      cursor.skip(cursor.uleb());
      return at;
    case Form.Indirect:
      return readIndirect(cursor, encoding);
    default:
      throw new BrokenInput(`form ${form}`);
  }
}

/** The form stands before the value. What it would say of a string or reference is lost. */
function readIndirect(cursor: Cursor, encoding: Encoding): number {
  const form = cursor.uleb();
  if (form === Form.Indirect || form === Form.ImplicitConstant) throw new BrokenInput("indirect");
  return readValue(cursor, form, encoding, 0);
}
