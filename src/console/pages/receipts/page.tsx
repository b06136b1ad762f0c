import '../../styles/records.css';
import { route } from '../../app/router.ts';
import { ReceiptList } from './list.tsx';
import { OneReceipt } from './one.tsx';

/** `#/receipts`: the list; `#/receipts/ID`: one of them. */
export function ReceiptsPage() {
  const [, id] = route.value.path;
  return id === undefined ? <ReceiptList /> : <OneReceipt key={id} id={id} />;
}
