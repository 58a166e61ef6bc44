import type { ReactNode, Ref } from 'react';

/** An area that scrolls, named and reachable by keyboard. */
export function ScrollBox({
  label,
  className,
  boxRef,
  children,
}: {
  label: string;
  className: string;
  boxRef?: Ref<HTMLElement>;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll what has the focus.
    <section ref={boxRef} className={className} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
