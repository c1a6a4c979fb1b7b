// A platform's own page with the dashboard in it.
import { createClient, PersonalizedDashboard, usePersonalization } from '@pokeriq/dashboard';
import '@pokeriq/dashboard/style.css';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

// A platform asks its own server for a learner's token.
const given = new URLSearchParams(location.search);
const userId = given.get('user') ?? '1';
const client = createClient({ token: given.get('token') ?? '' });

function App() {
  const [opened, setOpened] = useState('nothing yet');
  const { recommendations } = usePersonalization(userId, { client });
  return (
    <>
      <h1>My poker school</h1>
      <p>{`${recommendations?.length ?? 0} suggestions; opened: ${opened}`}</p>
      <PersonalizedDashboard
        userId={userId}
        client={client}
        onOpenContent={({ title }) => setOpened(title)}
      />
    </>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
