import { Component, type ReactNode } from 'react';
import { en } from '@/strings/en';
import { Failed } from './states';

interface Props {
  children: ReactNode;
  className?: string;
}

/** What breaks inside, or cannot be fetched, takes nothing else with it. */
export class Boundary extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className={this.props.className}>
        <Failed
          why={en.states.broken}
          onRetry={() => this.setState({ broken: false })}
        />
      </div>
    );
  }
}
