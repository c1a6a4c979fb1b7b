import { isDenied } from '@/api/errors';
import { CoachCard } from '@/features/coach/CoachCard';
import { en } from '@/strings/en';
import { useClient } from './client-context';
import { useCaller } from './get-caller';
import { hrefOf, Link } from './router';
import { Shell } from './Shell';
import { SignIn } from './StartPage';

/** A coach's first page; a platform sees everybody on it. */
export default function CoachPage() {
  const client = useClient();
  const caller = useCaller();
  if (isDenied(caller.error)) return <SignIn />;
  return (
    <Shell title={en.coach.title}>
      <CoachCard
        client={client}
        linkTo={(id, text, label) => (
          <Link
            href={hrefOf.learner(id)}
            aria-label={label}
            className="inline-block min-h-6 text-accent underline underline-offset-2"
          >
            {text}
          </Link>
        )}
      />
    </Shell>
  );
}
