import { Component, type ReactNode } from 'react';
import { t } from '../strings.ts';
import { Problem } from './states.tsx';

/** A page that throws is replaced by words; the rest of the window stays. `at`: another place clears the failure. */
export class CrashGuard extends Component<{ at: string; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidUpdate(before: { at: string }) {
    if (before.at !== this.props.at && this.state.failed) this.setState({ failed: false });
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Problem
        error={{ code: 'page', message: t.crash.title, next: t.crash.next }}
        onRetry={() => this.setState({ failed: false })}
      />
    );
  }
}
