import { useValue } from '../value';
import type { Address } from './address';
import { useTaskApp } from './context';
import { Drawer } from './drawer';
import { Help } from './help';
import { EditList, NewList } from './list-dialogs';
import { Palette } from './palette';
import { RowMenu } from './row-menu';
import { Sidebar } from './sidebar';
import type { DialogName } from './ui';
import type { Counts } from './views';

interface DialogsProps {
  readonly address: Address;
  readonly counts: Counts;
  readonly today: string;
}

/** The dialog or menu that is open. */
export function Dialogs({ address, counts, today }: DialogsProps) {
  const { ui } = useTaskApp();
  const dialog = useValue(ui.dialog);
  const menu = useValue(ui.menu);
  const close = () => ui.dialog.set(undefined);
  const all: Record<DialogName, () => React.ReactNode> = {
    help: () => <Help onClose={close} />,
    palette: () => <Palette onClose={close} />,
    'new-list': () => <NewList onClose={close} />,
    'edit-list': () => <EditList id={address.view} onClose={close} />,
    sidebar: () => (
      <Drawer onClose={close}>
        <Sidebar address={address} counts={counts} onLeave={close} />
      </Drawer>
    ),
  };
  return (
    <>
      {dialog && all[dialog]()}
      {menu && <RowMenu key={menu.id} {...{ ...menu, address, today }} onClose={() => ui.menu.set(undefined)} />}
    </>
  );
}
