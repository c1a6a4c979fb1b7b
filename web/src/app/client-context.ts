import { createContext, useContext } from 'react';
import { createClient, type Client } from '@/api/client';

export const ClientContext = createContext<Client>(createClient());

export function useClient(): Client {
  return useContext(ClientContext);
}
