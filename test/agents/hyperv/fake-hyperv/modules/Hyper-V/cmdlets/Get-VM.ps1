# Stands in for Get-VM of the Hyper-V module. Machines by name (wildcards), by Id, or all.
function Get-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name')]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter(ParameterSetName = 'Id', Position = 0)]
        [guid]$Id,
        [Parameter(ParameterSetName = 'Name', Position = 0)]
        [Alias('VMName')][string[]]$Name
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($Cmdlet.ParameterSetName -eq 'Id' -and $Bound.ContainsKey('Id')) { $found = Resolve-FakeVM -World $World -Id $Id }
            elseif ($null -eq $Name) { $found = @($World.vms | Where-Object { -not $_.planned }) }
            else { $found = Resolve-FakeVM -World $World -Name $Name }
            foreach ($machine in @($found)) { ConvertTo-FakeVM -World $World -Machine $machine }
        }
    }
}
