function Invoke-StorageList {
    <#
    .SYNOPSIS
    storage.list: the storage classes that the host declares, with what is free.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $items = @(foreach ($name in @($Job.Resources.storage.get_Keys())) {
            $description = ''
            $declared = $Job.Resources.storage.get_Item($name)
            if ($declared -is [System.Collections.IDictionary]) { $description = [string]$declared['description'] }
            $space = @{ Capacity = $null; Free = $null }
            $isThere = $false
            try { $space = Get-AgentSpace -Path (Resolve-AgentStorage -Name $name -Resources $Job.Resources); $isThere = $true }
            catch { Write-Verbose "The storage class $name is not available: $_" }
            [ordered]@{ name = $name; description = $description; formats = @('vhdx'); capacity_bytes = $space.Capacity; available_bytes = $space.Free; available = $isThere }
        })
    New-AgentResult -Message "$($items.Count) storage classes." -Data ([ordered]@{ items = $items })
}
